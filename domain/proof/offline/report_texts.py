"""Which words does a bundle use that are the same in every bundle?

One text in two forms: README.txt has it as it stands here, report.html with the same blocks as headings, paragraphs,
lists and preformatted lines.
"""

CLAIMS = {
    "conversation_started": "A person wrote to the Page first. This is contact, and no consent to marketing.",
    "notice_shown": "The privacy notice named below was shown to a person.",
    "consent_given": "A person said yes to marketing messages on the topic below, in answer to the words below.",
    "consent_refused": "A person said no to marketing messages on the topic below.",
    "consent_withdrawn": "A person withdrew consent to marketing messages.",
    "receipt_sent": "A receipt for earlier records was sent to a person.",
    "erasure_done": "The data of a person was erased, and the means to open the log entries listed below destroyed.",
    "record_expired": "Records ended, and the means to open the log entries listed below were destroyed.",
    "anchor": "A signed state of the log was put into hands other than the operator's.",
    "key_rotated": "The log changed its key.",
    "log_started": "The log was started.",
    "log_discontinuity": "The log does not continue an earlier state of itself.",
    "import_claim": "Somebody claims that a person consented elsewhere, earlier. Nothing here shows that act.",
}

GRADES = {
    "A": "A. The person wrote first: contact, no consent to marketing.",
    "B": "B. As A, and the privacy notice was shown within 24 hours, before any answer in this bundle.",
    "C": "C. Consent by an explicit act of the person in answer to the words in the record.",
    "C+": "C+. As C, in the platform's own opt-in dialog.",
    "I": "I. Somebody else's claim; nothing here shows the act itself.",
    "none": "none. This record is not an act by which a person opts in.",
}

TITLE = "Opt-in proof, form 2"
FIELDS_TITLE = "What the record says, field by field"

_TAIL = """\
What a bundle that verifies shows

- The operator's log holds, at the place named above, a commitment to exactly the bytes of
  record.json. The log's key signed a state of the log that contains it. One changed byte, and it
  would not verify.
- Each confirmed anchor shows that somebody else held a state of the log at some time. The entry is
  older than every anchor whose state contains it ("not after"), and younger than every anchor that
  the log had noted down before it ("not before").
- The person's thread shows the receipt code. Where it is the code above, the operator had fixed this
  record, word for word, when the bot sent that message.

What it does not show

- Facebook signed none of this. The platform protects what it sends by a secret that it shares with
  the operator. The operator could make such a signature too, so the one in a record is a help for
  the operator and no evidence for you.
- That the record is true. It shows what the operator wrote down, and from when on it could no longer
  be changed unnoticed.
- Who the person is. A record holds a commitment to the platform's id for one person at one Page. If
  "disclosed" above names the identity, that id is in disclosed/identity.json, and it is still no
  passport.
- That nothing was left out. The operator chose the related records. A withdrawal after this record
  may exist even where this page names none: ask the operator for the newest state, or ask the person.
- Times that nobody else gave. "event_time", "envelope_time" and "received_at" are what the platform
  sent and what the operator's clock said. The times of the anchors "mail" and "folder" are the
  operator's clock too; these two count by the copy that you or somebody you trust kept, and show
  at most that something is older.
- Whose key it is. policy.txt is the operator's word. Get the log's key another way (from the Page's
  site, an earlier audit, a contract, a mailed checkpoint) and check with that.
- That the checking programs are honest. verify.py and verify.html came with the bundle. Compare them
  with copies from the project's source, or use the commands below, or another implementation of the
  same standards.

The files

    record.json           the record; exactly these bytes are committed to
    record.tlog-proof     c2sp.org/tlog-proof@v1: nonce of the commitment ("extra"), place, path, and
                          the signed state of the log (checkpoint)
    record.jsonld         the record in the terms of the Data Privacy Vocabulary (ISO/IEC TS 27560)
    notice.txt            the privacy notice as shown, when the record names one
    policy.txt            the keys, supplied by the operator
    related/              other records of the same person, each with its proof
    keys/                 changes of the log's key, each signed by the key before it
    anchors/              states of the log in other hands: the state, its path to the one above, the
                          answer of the authority (.tsr: RFC 3161), and the record that notes it
    disclosed/            parts that are opened on request only, with their nonces
    verify.py, verify.html  the same check for Python 3.11 or newer and for a browser, both offline
    SHA256SUMS            digests of all other files

How to check with verify.py

    python3 -I verify.py --vkey LOGKEY BUNDLE.zip
    python3 -I verify.py --vkey LOGKEY --tsa-root ROOT.pem --receipt CODE BUNDLE.zip

LOGKEY is the log's key as you got it elsewhere; CODE is what the person's thread shows; ROOT.pem is
the root certificate of the time-stamping authority. It ends with a status:

    0   verified and anchored
    3   verified under your key, not anchored: the log could still have been rebuilt by who holds it
    4   verified under the bundle's own keys only, which proves nothing about who signed
    1   failed: it names the first thing that is wrong
    2   unreadable: no bundle, or one that hides something

How to check with OpenSSL and coreutils

Unpack the bundle, open bash in its folder, and set VKEY to the log's key as you got it elsewhere.

    sha256sum -c SHA256SUMS

The entry is 01 and HMAC-SHA256(nonce, record); the leaf is SHA-256 of 00 and the entry. The last line
prints the receipt code.

    sed '/^$/q' record.tlog-proof > head
    sed '1,/^$/d' record.tlog-proof > checkpoint
    nonce=$(sed -n 's/^extra //p' head | base64 -d | od -An -v -tx1 | tr -d ' \\n')
    openssl dgst -sha256 -mac HMAC -macopt hexkey:$nonce -binary record.json > hmac
    { printf '\\000\\001'; cat hmac; } | openssl dgst -sha256 -binary > leaf
    head -c 20 leaf | base32 | tr 'A-Z2-7' '0-9A-HJKMNP-TV-Z'

The path of RFC 9162, section 2.1.3.2, leads from the leaf to the root in the checkpoint. The last line
prints "included".

    index=$(sed -n 's/^index //p' head); size=$(sed -n 2p checkpoint)
    sed '1,/^index /d; /^$/d' head > path
    fn=$index; sn=$((size - 1)); cp leaf node
    while read -r hash; do
      [ $sn -gt 0 ] || echo "path too long"
      printf %s "$hash" | base64 -d > other
      if [ $((fn % 2)) -eq 1 ] || [ $fn -eq $sn ]; then
        { printf '\\001'; cat other node; } | openssl dgst -sha256 -binary > next
        while [ $((fn % 2)) -eq 0 ] && [ $fn -ne 0 ]; do fn=$((fn / 2)); sn=$((sn / 2)); done
      else
        { printf '\\001'; cat node other; } | openssl dgst -sha256 -binary > next
      fi
      mv next node; fn=$((fn / 2)); sn=$((sn / 2))
    done < path
    [ $sn -eq 0 ] && [ $index -lt $size ] &&
      [ "$(base64 -w 0 node)" = "$(sed -n 3p checkpoint)" ] && echo included

The log's key signed the first three lines of the checkpoint, and the first of them is the key's name.
This prints "Signature Verified Successfully" once.

    head -n 3 checkpoint > text; name=$(head -n 1 text)
    [ "$name" = "${VKEY%%+*}" ] || echo "another log"
    { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
      printf %s "${VKEY#*+*+}" | base64 -d | tail -c 32; } > key.der
    sed '1,/^$/d' checkpoint | while read -r dash who line; do
      [ "$who" = "$name" ] || continue
      printf %s "$line" | base64 -d | tail -c 64 > signature
      openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile signature
    done

A time stamp, with the authority's root certificate as you got it elsewhere; NN is the number of the
anchor. The lines of anchors/NN-rfc3161.consistency lead from its state to the one above, as RFC 9162,
section 2.1.4.2, says.

    openssl ts -verify -data anchors/NN-rfc3161.checkpoint -in anchors/NN-rfc3161.tsr -CAfile ROOT.pem

It checks certificates at today's date. For one that has run out since, add -attime and the seconds of
the token's time: date -u -d "$(openssl ts -reply -in anchors/NN-rfc3161.tsr -text |
sed -n 's/^Time stamp: //p')" +%s
"""


def _escaped_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(lines: list[str]) -> str:
    """One block of the text as HTML: indented lines stay as they are, items become a list, one line is a heading."""
    text = _escaped_text("\n".join(lines))
    if lines[0].startswith("    "):
        return "<pre>" + text.replace("\n    ", "\n").removeprefix("    ") + "</pre>\n"
    if lines[0].startswith("- "):
        items = text.removeprefix("- ").split("\n- ")
        return "<ul>\n" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>\n"
    if len(lines) == 1 and not text.endswith("."):
        return f"<h2>{text}</h2>\n"
    return f"<p>{text}</p>\n"


README_HEAD = f"{TITLE}\n\n"
README_MID = f"\n{FIELDS_TITLE}\n\n"
README_TAIL = f"\n{_TAIL}"

HTML_HEAD = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; }}
h2 {{ font-size: 1.2rem; margin-top: 2rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid #ccc; }}
th {{ width: 14rem; font-weight: 600; overflow-wrap: anywhere; }}
td {{ overflow-wrap: anywhere; }}
pre {{ overflow-x: auto; background: #f4f4f4; padding: 0.8rem; font-size: 0.85rem; }}
@media print {{ body {{ margin: 0; max-width: none; }} pre {{ white-space: pre-wrap; }} }}
</style>
</head>
<body>
<main>
<h1>{TITLE}</h1>
<p>This page is the operator's claim in plain words. It was not checked by being opened: check it with verify.html or
verify.py, and with keys that you got elsewhere.</p>
<table>
"""
HTML_MID = f"</table>\n<h2>{FIELDS_TITLE}</h2>\n<table>\n"
HTML_TAIL = (
    "</table>\n"
    + "".join(_block(block.split("\n")) for block in _TAIL.strip("\n").split("\n\n"))
    + "</main>\n</body>\n</html>\n"
)
