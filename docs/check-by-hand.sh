#!/usr/bin/env bash
# How does somebody check an opt-in proof with nothing of ours but this text?
#
#   bash check-by-hand.sh BUNDLE.zip --vkey KEY [options]
#
#   --vkey KEY         key of the log, as you got it elsewhere; again for the log of another year
#   --tsa-root PEM     root certificate of a time-stamping authority, as you got it elsewhere; may be repeated
#   --witness KEY      key of a witness, as you got it elsewhere; may be repeated
#   --checkpoint FILE  a checkpoint of the log that you kept, from a mail or a folder; may be repeated
#   --receipt CODE     the receipt code that the person's thread shows
#
# It needs bash, OpenSSL 3, unzip, and what every Linux has: coreutils, sed, grep, find, cmp. BUNDLE may be a folder with
# the unpacked bundle. It tells each step and stops at the first that fails.
#
# Exit status, the same as verify.py's: 0 verified and anchored; 3 verified, not anchored; 4 verified, but a related
# record under a key that only the bundle names; 1 failed; 2 unreadable or wrong use. Not checked here: the words of README.txt and report.html (read record.json, it is printed), the fixed head
# of record.jsonld, and verify.py and verify.html.
set -Eeuo pipefail
export LC_ALL=C TZ=UTC
exec 3>&1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'fail "something unforeseen on line $LINENO"' ERR
trap 'exit 2' INT TERM

say() { printf '%-10s %s\n' "$1" "$2" >&3; }
blame=2 # what was given on the command line is read first; from then on the bundle is to blame
fail() { stop $blame FAILED "$1"; }
unreadable() { stop 2 UNREADABLE "$1"; }
stop() { # The first thing that is wrong is said once, also from within $( ).
  [ -e "$work/said" ] || say "$2" "$3"
  : > "$work/said"
  [ -s "$work/status" ] || echo "$1" > "$work/status"
  exit "$(cat "$work/status")"
}

# Bytes are held as hex, so that no zero byte is lost.

hex() { od -An -v -tx1 | tr -d ' \n'; }
raw() { printf "$(sed 's/../\\x&/g' <<< "$1")"; }
sha256() { sha256sum | cut -c 1-64; }
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary "$2" | hex; } # key, file
one_form='^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?$'
unbase64() { # text, wanted length in bytes, name: hex; only the one right spelling passes
  local found
  [[ $1 =~ $one_form ]] || fail "$3 is not base64"
  found=$(base64 -d <<< "$1" | hex)
  [ $((${#found} / 2)) -eq "$2" ] || fail "$3 has $((${#found} / 2)) bytes, not $2"
  printf %s "$found"
}
number() { # text, name
  [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]] || fail "$2 is no number"
}
name() { # text, name: so that it can stand in a table of this script and on a screen
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._/:-]*$ ]] || fail "$2 is no plain name"
}
lines() { # file, name: lines of text with nothing that a shell would not see
  [ -f "$1" ] || fail "$2 is missing"
  tr -d '\000-\011\013-\037' < "$1" | cmp -s - "$1" && [ -z "$(tail -c 1 "$1")" ] || fail "$2 is not lines of text"
}

# Keys

declare -A log_keys=() older_keys=() witness_keys=() # "name keyid" -> public key in hex

add_key() { # table, type as hex, vkey
  local name=${3%%+*} id typed rest=${3#*+}
  id=${rest%%+*}
  name "$name" "the name in a vkey"
  typed=$(unbase64 "${rest#*+}" 33 "the key in a vkey")
  [ "${typed:0:2}" = "$2" ] || fail "the key of $name is of type ${typed:0:2}, not $2"
  [ "$( { printf '%s\n' "$name"; raw "$typed"; } | sha256 | cut -c 1-8)" = "$id" ] ||
    fail "the key id in the vkey of $name does not belong to its name and key"
  local -n table=$1
  table["$name $id"]=${typed:2}
}
ed25519() { # public key, signature, file: whether OpenSSL accepts it
  raw "302a300506032b6570032100$1" > "$work/key"
  raw "$2" > "$work/signature"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$3" -sigfile "$work/signature" \
    > /dev/null 2>&1
}

# Checkpoints: three lines, an empty one, and the signatures

declare -A seen=() kept=() held=() # "origin size" -> root

read_text() { # file, name: sets origin, size, root; no size of a log has two roots
  origin=$(sed -n 1p "$1") size=$(sed -n 2p "$1")
  name "$origin" "the name of the log in $2"
  number "$size" "the size in $2"
  root=$(unbase64 "$(sed -n 3p "$1")" 32 "the root in $2")
  [ "${seen["$origin $size"]:=$root}" = "$root" ] || fail "$2 has another root than elsewhere at size $size: a fork"
}
open_note() { # file, name, table: as read_text; at least one of these keys signed, and none of them wrongly
  local dash who blob more signature id signed=0
  local -n keys=${3:-log_keys}
  lines "$1" "$2"
  [ "$(sed -n 4p "$1" | wc -c)" -eq 1 ] || fail "$2 is not three lines, an empty one and signatures"
  head -n 3 "$1" > "$work/text"
  read_text "$work/text" "$2"
  held["$origin $size"]=$root
  while read -r dash who blob more; do
    [ "$dash" = "—" ] && [ -z "$more" ] || fail "$2 has a line that is no signature"
    [ "$who" = "$origin" ] || continue
    id=$(printf %s "$blob" | base64 -d 2> /dev/null | head -c 4 | hex)
    [ -n "${keys["$who $id"]:-}" ] || continue
    signature=$(unbase64 "$blob" 68 "the signature by $who in $2")
    ed25519 "${keys["$who $id"]}" "${signature:8}" "$work/text" || fail "$2: the signature by $who is wrong"
    signed=1
  done < <(tail -n +5 "$1")
  [ $signed -eq 0 ] || return 0
  [[ " ${!keys[*]}" == *" $origin "* ]] || fail "$2 is of $origin: give the key of that log too, with another --vkey"
  fail "$2 is not signed by a key of $origin that you gave"
}
cosigned() { # file, witness: sets cosigned_at; false when its key was not given
  local dash who blob more signature id
  while read -r dash who blob more; do
    [ "$who" = "$2" ] || continue
    id=$(printf %s "$blob" | base64 -d 2> /dev/null | head -c 4 | hex)
    [ -n "${witness_keys["$who $id"]:-}" ] || continue
    signature=$(unbase64 "$blob" 76 "the cosignature by $who")
    cosigned_at=$((16#${signature:8:16}))
    { printf 'cosignature/v1\ntime %d\n' "$cosigned_at"; head -n 3 "$1"; } > "$work/cosigned"
    ed25519 "${witness_keys["$who $id"]}" "${signature:24}" "$work/cosigned" ||
      fail "the cosignature by $who is wrong"
    return 0
  done < <(tail -n +5 "$1")
  return 1
}

known_signature() { # file: whether a log key that is known signed it
  local who blob id
  while read -r _ who blob _; do
    [ "$who" = "$(sed -n 1p "$1")" ] || continue
    id=$(printf %s "$blob" | base64 -d 2> /dev/null | head -c 4 | hex)
    head -n 3 "$1" > "$work/text"
    [ -z "${older_keys["$who $id"]:-}" ] ||
      ! ed25519 "${older_keys["$who $id"]}" "$(base64 -d <<< "$blob" | hex | cut -c 9-)" "$work/text" || return 0
  done < <(tail -n +5 "$1")
  return 1
}
kept_file() { # file: what became of a checkpoint that you kept
  local what origin size root
  what=$(basename "$1")
  tr -d '\r' < "$1" > "$work/mine"
  read_text "$work/mine" "$what"
  if [ -n "${held["$origin $size"]:-}" ]; then
    say kept "$what: confirmed: it is a state in this bundle"
  elif [ "$origin" != "$main_origin" ]; then
    say kept "$what: NOT compared: it is of another log, $origin"
  elif [ "$(wc -l < "$work/mine")" -gt 3 ] && ! known_signature "$work/mine"; then
    say kept "$what: NOT compared: it is not signed by a known key"
  else
    say kept "$what: NOT compared: it is of size $size, and this bundle holds no state of that size"
  fi
}

# The tree: RFC 9162, sections 2.1.3.2 and 2.1.4.2

node() { raw "01$1$2" | sha256; }
climb() { # one step: uses fn, sn; other, own: sets by (left or right) and halves fn and sn
  [ $sn -gt 0 ] || fail "$1 is too long"
  if [ $((fn % 2)) -eq 1 ] || [ $fn -eq $sn ]; then
    by=left
    while [ $((fn % 2)) -eq 0 ] && [ $fn -ne 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  else
    by=right
  fi
  fn=$((fn / 2)) sn=$((sn / 2))
}
included() { # leaf, index, size, root, name; the path on stdin
  local here=$1 fn=$2 sn=$(($3 - 1)) line other by
  [ "$2" -lt "$3" ] || fail "$5: there is no entry $2 in a tree of $3"
  while read -r line; do
    other=$(unbase64 "$line" 32 "a hash in $5")
    climb "the path in $5"
    if [ $by = left ]; then here=$(node "$other" "$here"); else here=$(node "$here" "$other"); fi
  done
  [ $sn -eq 0 ] && [ "$here" = "$4" ] || fail "$5: the path does not lead from the record to the root that was signed"
}
continues() { # old size, old root, new size, new root, name; the path on stdin
  local fn=$(($1 - 1)) sn=$(($3 - 1)) old new line other by path=()
  mapfile -t path
  [ "$1" -gt 0 ] && [ "$1" -le "$3" ] || fail "$5: a tree of $1 does not come before one of $3"
  if [ "$1" -eq "$3" ]; then
    [ ${#path[@]} -eq 0 ] && [ "$2" = "$4" ] || fail "$5: two different trees of one size were signed: a fork"
    return 0
  fi
  [ ${#path[@]} -gt 0 ] || fail "$5: the path is empty"
  while [ $((fn % 2)) -eq 1 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  if [ $(($1 & ($1 - 1))) -eq 0 ]; then
    old=$2
  else
    old=$(unbase64 "${path[0]}" 32 "a hash in $5")
    path=("${path[@]:1}")
  fi
  new=$old
  for line in "${path[@]}"; do
    other=$(unbase64 "$line" 32 "a hash in $5")
    climb "the path in $5"
    if [ $by = left ]; then old=$(node "$other" "$old"); new=$(node "$other" "$new"); else new=$(node "$new" "$other"); fi
  done
  [ $sn -eq 0 ] && [ "$old" = "$2" ] && [ "$new" = "$4" ] ||
    fail "$5: the newer tree does not continue the older one"
}

# Records

field() { # pattern, file: the value behind it; records are compact JSON, so a quote inside a text is never bare
  local anywhere='.*'
  [[ $1 != ^* ]] || anywhere=
  sed -n "s/$anywhere$1\"\([^\"]*\)\".*/\1/p" "$2"
}
logged() { # name without ending, table of keys: the record and its place; sets leaf, index, origin, size, root
  local head nonce
  [ -f "$1.json" ] || fail "$1.json is missing"
  lines "$1.tlog-proof" "$1.tlog-proof"
  sed '/^$/q' "$1.tlog-proof" > "$work/head"
  sed '1,/^$/d' "$1.tlog-proof" > "$work/note"
  [ "$(sed -n 1p "$work/head")" = c2sp.org/tlog-proof@v1 ] || fail "$1.tlog-proof is no tlog-proof"
  head=$(sed -n 2p "$work/head")
  nonce=$(unbase64 "${head#extra }" 64 "the nonce in $1.tlog-proof")
  index=$(sed -n '3s/^index //p' "$work/head")
  number "$index" "the index in $1.tlog-proof"
  leaf=$(raw "0001$(hmac "$nonce" "$1.json")" | sha256)
  open_note "$work/note" "the checkpoint in $1.tlog-proof" "${2:-log_keys}"
  included "$leaf" "$index" "$size" "$root" "$1.tlog-proof" < <(sed '1,3d; /^$/d' "$work/head")
}
known_signers() { # proof: now, if a key that counts signed it; before, if one that counted once; else nothing
  local who id blob found=""
  while read -r _ who blob _; do
    id=$(printf %s "$blob" | base64 -d 2> /dev/null | head -c 4 | hex)
    if [ -n "${log_keys["$who $id"]:-}" ]; then found=now; fi
    if [ -z "$found" ] && [ -n "${older_keys["$who $id"]:-}" ]; then found=before; fi
  done < <(grep '^— [A-Za-z0-9][A-Za-z0-9._/:-]* ' "$1")
  printf %s "$found"
}
code() { # the first 160 bits of a hash in Crockford's base32, in groups of four
  raw "${1:0:40}" | base32 -w 0 | tr 'A-Z2-7' '0-9A-HJKMNP-TV-Z' | sed 's/..../&-/g; s/-$//'
}
length_prefixed() { local part; for part; do raw "$(printf %08x ${#part})"; printf %s "$part"; done; }

# Anchors

stamped() { # name: the time stamp; sets time, and confirmed when it leads to a root that you gave
  local told seconds
  [ -f "$1.tsr" ] || fail "$1.tsr is missing"
  told=$(openssl ts -reply -in "$1.tsr" -text 2> /dev/null) || fail "$1.tsr is no time stamp"
  grep -q '^Status: Granted' <<< "$told" || fail "$1.tsr is a refusal"
  seconds=$(date -d "$(sed -n 's/^Time stamp: //p' <<< "$told" | sed 's/\.[0-9]*//')" +%s)
  time=$(date -d "@$seconds" +%FT%T)
  # First with the certificates that it brings itself: is it a token over these bytes at all?
  openssl ts -reply -in "$1.tsr" -token_out -out "$work/token" 2> /dev/null
  openssl pkcs7 -inform DER -in "$work/token" -print_certs -out "$work/brought"
  stamp_fits "$1" "$seconds" -partial_chain -CAfile "$work/brought" || fail "$1.tsr: OpenSSL refuses it: $refusal"
  [ ${#tsa_roots[@]} -gt 0 ] || return 0
  sed -s '$a\' "${tsa_roots[@]}" > "$work/roots"
  if stamp_fits "$1" "$seconds" -CAfile "$work/roots"; then
    confirmed="its token leads to a root that you gave"
  else
    doubt="no root that you gave vouches for its certificate: ${refusal#Verify error:}"
  fi
}
stamp_fits() { # name, time of the token, and whom to trust: whether OpenSSL accepts it; else sets refusal
  local name=$1 seconds=$2
  shift 2
  openssl ts -verify -data "$name.checkpoint" -in "$name.tsr" -attime "$seconds" "$@" > "$work/told" 2>&1 && return 0
  refusal=$(sed -n 's/.*:\(Verify error:.*\)/\1/p; s/.*:time stamp routines:[^:]*:\([^:]*\):.*/\1/p' "$work/told")
  refusal=$(tail -n 1 <<< "$refusal")
  return 1
}
anchor() { # name without ending: one anchor, step by step
  local name=$1 method=${1#anchors/??-} authority wanted confirmed="" time="" doubt="a key from elsewhere is missing"
  local said at_size at_root what
  open_note "$name.checkpoint" "$name.checkpoint" older_keys # a key that was changed since may have signed it
  [ "$origin" = "$main_origin" ] || fail "$name.checkpoint is of another log"
  at_size=$size at_root=$root
  lines "$name.consistency" "$name.consistency"
  [ "$(sed -n 1p "$name.consistency")" = "old $at_size" ] || fail "$name.consistency does not begin at its checkpoint"
  cmp -s <(sed '1,/^$/d' "$name.consistency") "$work/main" || fail "$name.consistency ends at another checkpoint"
  continues "$at_size" "$at_root" "$main_size" "$main_root" "$name.consistency" \
    < <(sed '1d; /^$/,$d' "$name.consistency")

  logged "$name"
  [ "$origin" = "$main_origin" ] || fail "$name.json stands in another log"
  authority=$(field "^{\"v\":1,\"type\":\"anchor\",.*\"log_anchor\":{\"method\":\"$method\",\"authority\":" "$name.json")
  wanted="\"log_anchor\":{\"method\":\"$method\",\"authority\":\"$authority\",\"origin\":\"$origin\",\"size\":$at_size"
  wanted+=",\"root\":\"$at_root\",\"checkpoint_sha256\":\"$(sha256 < "$name.checkpoint")\""
  [ ! -e "$name.tsr" ] || wanted+=",\"answer_sha256\":\"$(sha256 < "$name.tsr")\""
  grep -qF "$wanted}" "$name.json" || fail "$name.json does not describe this anchor"
  name "$authority" "the authority in $name.json"
  said=$(field '"event_time":' "$name.json")

  case $method in
    rfc3161) stamped "$name" ;;
    witness)
      if cosigned "$name.checkpoint" "$authority"; then
        time=$(date -d "@$cosigned_at" +%FT%T)
        confirmed="its cosignature is by a witness whose key you gave"
      fi
      ;;
  esac
  [ -z "$time" ] || [ "$time" = "${said:0:19}" ] || fail "$name.json says ${said:0:19}, and its authority $time"
  what="$said ($method $authority), size $at_size"
  if [ -n "$confirmed" ]; then
    say anchor "$what: $confirmed"
    [ "$at_size" -le "$main_index" ] || [[ -n $not_after && ! $said < $not_after ]] || not_after=$said
    [ "$index" -ge "$main_index" ] || [[ $said < $not_before ]] || not_before=$said
  elif [ -n "${kept["$main_origin $at_size"]:-}" ]; then
    say anchor "$what: you kept this checkpoint; what counts is when you got it"
  else
    say anchor "$what: fits, NOT confirmed; $doubt"
    return 0
  fi
  [ "$at_size" -le "$main_index" ] || anchored=1
}

# From here on, the steps

bundle="" receipt="" tsa_roots=() kept_files=() vkeys=() witnesses=()
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --vkey | --tsa-root | --witness | --checkpoint | --receipt) [ $# -gt 1 ] || usage ;;&
    --vkey) vkeys+=("$2"); shift ;;
    --witness) witnesses+=("$2"); shift ;;
    --tsa-root) tsa_roots+=("$(realpath -e "$2")") || usage; shift ;;
    --checkpoint) kept_files+=("$(realpath -e "$2")") || usage; shift ;;
    --receipt) receipt=$2; shift ;;
    -*) usage ;;
    *) [ -z "$bundle" ] || usage; bundle=$1 ;;
  esac
  shift
done
[ -e "$bundle" ] && [ ${#vkeys[@]} -gt 0 ] || usage
for vkey in "${vkeys[@]}"; do add_key log_keys 01 "$vkey"; done
for vkey in ${witnesses[@]+"${witnesses[@]}"}; do add_key witness_keys 04 "$vkey"; done
for file in ${kept_files[@]+"${kept_files[@]}"}; do
  tr -d '\r' < "$file" > "$work/text"
  read_text "$work/text" "the checkpoint that you kept"
  kept["$origin $size"]=$root
done

blame=1
proof='(json|tlog-proof)'
known="README.txt|report.html|record.(json|tlog-proof|jsonld)|notice.txt|policy.txt|related/[0-9]{2}-[a-z_]+.$proof"
known+="|keys/[0-9]{2}-key_rotated.$proof|anchors/[0-9]{2}-[a-z0-9]+.(checkpoint|consistency|tsr|json|tlog-proof)"
known+="|disclosed/(identity.json|raw-event.(bin|nonce))|verify.(py|html)|SHA256SUMS"
if [ -d "$bundle" ]; then
  cd "$bundle"
  find . -mindepth 1 ! -type d | cut -c 3- | sort > "$work/names"
  [ -z "$(find . -mindepth 1 ! -type d ! -type f)" ] || unreadable "the folder holds something that is no file"
else
  unzip -Z1 "$bundle" > "$work/names" 2> /dev/null || unreadable "this is no ZIP file"
  [ "$(stat -c %s "$bundle")" -le 16777216 ] || unreadable "it is larger than 16 MiB"
  [ -z "$(unzip -Zs "$bundle" | sed '1,2d; $d' | grep -v '^-.* [bt][-lx] stor ')" ] ||
    unreadable "it holds something compressed, encrypted, or that is no file"
  [ -z "$(grep -vxE "${known//./\\.}" "$work/names")" ] || unreadable "it holds a file that does not belong there"
  [ -z "$(sort "$work/names" | uniq -d)" ] || unreadable "it holds a file twice"
  mkdir "$work/bundle"
  unzip -q "$bundle" -d "$work/bundle" > /dev/null 2>&1 || unreadable "unzip cannot read it"
  cd "$work/bundle"
fi
[ -f SHA256SUMS ] && [ -f record.json ] || unreadable "this is no bundle: SHA256SUMS or record.json is missing"
cmp -s <(cut -c 67- SHA256SUMS | sort) <(grep -vx SHA256SUMS "$work/names" | sort) ||
  fail "SHA256SUMS does not name exactly the files that are here"
sha256sum --check --strict --quiet SHA256SUMS > "$work/told" 2>&1 || fail "SHA256SUMS: $(head -n 1 "$work/told")"
say files "$(wc -l < SHA256SUMS) files, all as SHA256SUMS says"

kind=$(field '^{"v":1,"type":' record.json)
[ -n "$kind" ] || fail "record.json is no record of version 1"
say record "$kind $(field '"record_id":' record.json)"

# Related records may stand in the log of another year. Where you gave no key for that one, the bundle's own is taken,
# and the result says so.
declare -A guests=() # "name" -> a log whose key only the bundle names
if [ -f policy.txt ]; then
  while read -r word vkey _; do
    [ "$word" = log ] && [[ " ${!log_keys[*]}" != *" ${vkey%%+*} "* || -n "${guests["${vkey%%+*}"]:-}" ]] || continue
    add_key log_keys 01 "$vkey"
    guests["${vkey%%+*}"]=1
  done < policy.txt
fi

# Each change of the log's key leads from a key that you gave to the next one; and to the one before it, which counts for
# older states only.
for key in "${!log_keys[@]}"; do older_keys[$key]=${log_keys[$key]}; done
changes=(keys/*.json)
[ -e "${changes[0]}" ] || changes=()
while [ ${#changes[@]} -gt 0 ]; do
  left=()
  for file in "${changes[@]}"; do
    signers=$(known_signers "${file%.json}.tlog-proof")
    if [ -z "$signers" ]; then left+=("$file"); continue; fi
    logged "${file%.json}" older_keys
    vkey=$(field '^{"v":1,"type":"key_rotated",.*"log":{"origin":"[^"]*","vkey":' "$file")
    before=$(field '"previous_vkey":' "$file")
    [ "${vkey%%+*}" = "$origin" ] && [ "${before%%+*}" = "$origin" ] || fail "$file names no keys of $origin"
    if [ "$signers" = now ]; then add_key log_keys 01 "$vkey"; fi
    add_key older_keys 01 "$vkey"
    add_key older_keys 01 "$before"
    say key "entry $index of $origin: from ${before#*+} to ${vkey#*+}"
  done
  [ ${#left[@]} -lt ${#changes[@]} ] || fail "${left[0]} is not signed by a key that you gave, or one that follows from it"
  changes=(${left[@]+"${left[@]}"})
done

logged record
[ -z "${guests["$origin"]:-}" ] || fail "the record stands in $origin: give the key of that log with --vkey"
main_origin=$origin main_size=$size main_root=$root main_index=$index main_leaf=$leaf
cp "$work/note" "$work/main"
say leaf "$leaf, from record.json and its nonce"
say checkpoint "$origin, size $size: signed by a key that you gave"
say place "entry $index: the path leads from the leaf to the signed root"

anchored=0 not_before="" not_after=""
code=$(code "$main_leaf")
if [ -z "$receipt" ]; then
  say receipt "$code; compare it with the person's thread"
else
  [ "$(tr 'a-z' 'A-Z' <<< "$receipt" | tr -d ' -' | tr OIL 011)" = "${code//-/}" ] ||
    fail "the thread shows another receipt code than $code"
  anchored=1
  say receipt "$code, as the person's thread shows"
fi
if [ -n "${kept["$main_origin $main_size"]:-}" ]; then
  anchored=1
  say kept "you kept this checkpoint"
fi

for key in "${!witness_keys[@]}"; do
  if cosigned "$work/main" "${key% *}"; then
    anchored=1 not_after=$(date -d "@$cosigned_at" +%FT%T.000Z)
    say cosigned "$not_after by ${key% *}, whose key you gave: this very checkpoint"
  fi
done

notice=$(sed -n 's/.*"privacy_notice":{[^}]*"sha256":"\([0-9a-f]*\)".*/\1/p' record.json)
if [ -n "$notice" ]; then
  [ -f notice.txt ] || fail "the record names a privacy notice, and notice.txt is missing"
  [ "$(sha256 < notice.txt)" = "$notice" ] || fail "notice.txt is not the text that the record names"
  say notice "notice.txt is the text whose SHA-256 stands in the record"
else
  [ ! -e notice.txt ] || fail "notice.txt is there, and the record names none"
fi

acted() { # record: when, by the event or else by its receipt
  local at
  at=$(field '"event_time":' "$1")
  printf %s "${at:-$(field '"received_at":' "$1")}"
}
topics() { sed -n 's/.*"topics":\[\([^]]*\)\].*/\1/p' "$1"; }
taken_back() { # related record, its index and log: whether it takes back, later, what the main record gave
  local other topic named listed
  other=$(field '^{"v":1,"type":' "$1") topic=$(field '"consent":{"topic":' record.json) listed=$(topics "$1")
  named=$(field '"consent":{"topic":' "$1")
  if [ "$(acted "$1")" = "$(acted record.json)" ]; then
    [ "$3" = "$main_origin" ] && [ "$2" -gt "$main_index" ] || return 1
  else
    [[ $(acted "$1") > $(acted record.json) ]] || return 1
  fi
  case $kind/$other in
    conversation_started/consent_withdrawn) ;;
    consent_given/consent_withdrawn)
      [ -z "$listed$named" ] || [[ $listed == *"\"$topic\""* ]] || [ -z "$listed" -a "$named" = "$topic" ]
      ;;
    consent_given/consent_refused) [ "$named" = "$topic" ] ;;
    *) return 1 ;;
  esac
}

withdrawn=""
unknown="" # logs of related records that nobody but the bundle vouches for
person() { printf '%s %s' "$(field '"page_id":' "$1")" "$(field '"pii_principal_id":' "$1")"; }
for file in related/*.json; do
  [ -e "$file" ] || break
  logged "${file%.json}"
  [ -n "$(field '"pii_principal_id":' record.json)" ] || fail "the record concerns nobody, and $file is related to it"
  [ "$(person "$file")" = "$(person record.json)" ] || fail "$file is of another person or Page"
  [ "$(field '^{"v":1,"type":' "$file")" = "$(sed 's/.*-\(.*\)\.json/\1/' <<< "$file")" ] || fail "$file is of another kind"
  say related "$(basename "$file" .json): entry $index of $origin, $(acted "$file"), same person"
  if taken_back "$file" "$index" "$origin"; then
    told="$(acted "$file"), entry $index of $origin: this consent was withdrawn later"
    [[ -n $withdrawn && ! $told < $withdrawn ]] || withdrawn=$told
  fi
  [ -z "${guests["$origin"]:-}" ] || unknown=$origin
done

for file in anchors/*.checkpoint; do
  [ -e "$file" ] || break
  anchor "${file%.checkpoint}"
done
for file in ${kept_files[@]+"${kept_files[@]}"}; do kept_file "$file"; done

if [ -e disclosed/identity.json ]; then
  nonce=$(unbase64 "$(field '"principal_nonce":' disclosed/identity.json)" 64 "the nonce in identity.json")
  psid=$(field '"psid":' disclosed/identity.json)
  page=$(field '"page_id":' disclosed/identity.json)
  length_prefixed assent/principal/v1 "$page" "$psid" > "$work/principal"
  [ "$page $(hmac "$nonce" "$work/principal")" = "$(person record.json)" ] || fail "identity.json is of another person"
  say identity "the record commits to page-scoped id $psid"
  person_name=$(field '"name":' disclosed/identity.json)
  if [[ $person_name == *\\* ]]; then
    say name "NOT checked: it holds characters that JSON writes in another way"
  elif [ -n "$person_name" ]; then
    nonce=$(unbase64 "$(field '"name_nonce":' disclosed/identity.json)" 64 "the name's nonce in identity.json")
    length_prefixed assent/name/v1 "$person_name" > "$work/name"
    [ "$(hmac "$nonce" "$work/name")" = "$(field '"name_commitment":' record.json)" ] ||
      fail "identity.json holds another name than the record commits to"
    say name "the record commits to the name in identity.json"
  fi
fi
if [ -e disclosed/raw-event.bin ]; then
  nonce=$(unbase64 "$(cat disclosed/raw-event.nonce)" 64 "raw-event.nonce")
  [ "$(hmac "$nonce" disclosed/raw-event.bin)" = "$(field '"raw_event":{"commitment":' record.json)" ] ||
    fail "raw-event.bin is not the event that the record commits to"
  say "raw event" "the record commits to these bytes"
fi
cmp -s <(tail -c +2 record.json) <(tail -c "$(($(wc -c < record.json) - 1))" record.jsonld) ||
  fail "record.jsonld holds another record"

echo
sed 's/[\x00-\x09\x0b-\x1f\x7f]/?/g; s/\xc2[\x80-\x9f]/?/g; s/\xe2\x80[\x8b-\x8f\xaa-\xae]/?/g; s/\xe2\x81[\xa0-\xaf]/?/g' record.json
echo
echo
[ -z "$not_before" ] || say "not before" "$not_before, by an anchor that you confirmed"
[ -z "$not_after" ] || say "not after" "$not_after, by an anchor that you confirmed"
[[ -z $not_after || ! $not_after < $not_before ]] || say "BUT" "these two times exclude each other: ask both authorities"
[ -z "$withdrawn" ] || say WITHDRAWN "$withdrawn"
if [ -n "$unknown" ]; then
  say verified "but for related records in $unknown, whose key came with the bundle: give that log's key too"
  exit 4
elif [ $anchored -eq 1 ]; then
  say verified "and anchored: something outside of the operator's hands fixed this record at its place"
else
  say verified "under your key, NOT anchored: who holds the log's key could have rebuilt the log later"
  exit 3
fi
