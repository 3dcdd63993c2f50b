// How does a conversation look? Builds it from what GET /control/thread says; text only, never markup.

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function initials(name) {
  return name.split(/\s+/).map((part) => [...part][0] ?? "").slice(0, 2).join("").toUpperCase();
}

export function hue(key) {
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  return `hue-${sum % 7}`;
}

export function avatar(name, key) {
  const made = element("span", `avatar ${hue(key)}`, initials(name));
  made.setAttribute("aria-hidden", "true");
  return made;
}

export function clockTime(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function dayAndTime(ms, nowMs) {
  const day = new Date(ms).toDateString() === new Date(nowMs).toDateString()
    ? "Today"
    : new Date(ms).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
  return `${day} ${clockTime(ms)}`;
}

function outside(url, className, text) {
  const link = element("a", className, text);
  if (/^https?:\/\//i.test(url)) {
    link.href = url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return link;
}

function withLinks(text) {
  const parts = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"']+/g)) {
    const url = found[0].replace(/[.,;:!?)\]}…]+$/, "");
    parts.append(text.slice(from, found.index), outside(url, "", url));
    from = found.index + url.length;
  }
  parts.append(text.slice(from));
  return parts;
}

export function offerButton(button, act, className) {
  if (button.type === "web_url") {
    const link = outside(button.url ?? "", className, button.title);
    link.dataset.button = button.url ?? "";
    link.append(element("span", "hidden", " (opens in a new tab)"));
    return link;
  }
  const made = element("button", className, button.title ?? button.type);
  made.type = "button";
  made.dataset.button = button.payload ?? "";
  if (button.type === "postback") made.addEventListener("click", () => act.tap(button));
  else made.disabled = true;
  return made;
}

function card(template, act) {
  const made = element("div", "card");
  if (template.image_url || template.media_type) {
    made.append(element("div", "picture", template.image_url ? "picture" : template.media_type));
  }
  const text = element("div", "text");
  if (template.title) text.append(element("div", "title", template.title));
  if (template.subtitle) text.append(element("div", "quiet", template.subtitle));
  if (template.text) text.append(withLinks(template.text));
  if (text.childNodes.length) made.append(text);
  for (const button of template.buttons ?? []) made.append(offerButton(button, act, "button"));
  return made;
}

function templateParts(template, act) {
  if (!template.elements) return [card(template, act)];
  const strip = element("div", "cards");
  strip.append(...template.elements.map((part) => card(part, act)));
  return template.buttons ? [strip, card({ buttons: template.buttons }, act)] : [strip];
}

const THINGS = { image: "Photo", audio: "Voice message", video: "Video", file: "File", location: "Location" };

function thing(attachment) {
  if (attachment.type === "sticker") {
    const big = element("span", "like", "👍");
    big.setAttribute("role", "img");
    big.setAttribute("aria-label", "Sticker: thumbs up");
    return big;
  }
  return element("div", "bubble", `📎 ${THINGS[attachment.type] ?? attachment.type}`);
}

function parts(bubble, act) {
  if (bubble.deleted) return [element("div", "bubble gone", "Message removed")];
  const made = [];
  if (bubble.text) {
    const text = element("div", "bubble");
    text.append(withLinks(bubble.text));
    made.push(text);
  }
  if (bubble.template) made.push(...templateParts(bubble.template, act));
  made.push(...bubble.attachments.map(thing));
  if (bubble.reaction && made.length) {
    const mark = element("span", "mark", { love: "❤", like: "👍" }[bubble.reaction] ?? "🙂");
    mark.setAttribute("aria-label", `Reaction: ${bubble.reaction}`);
    mark.setAttribute("role", "img");
    made.at(-1).append(mark);
  }
  return made;
}

function tools(bubble, act) {
  const made = element("div", "tools");
  if (bubble.deleted) return made;
  const mine = bubble.from === "follower";
  const button = element("button", "", mine ? "Unsend" : bubble.reaction ? "Unreact" : "React ❤");
  button.type = "button";
  button.addEventListener("click", () => (mine ? act.unsend(bubble) : act.react(bubble)));
  made.append(button);
  return made;
}

function turn(bubble, before, thread, act) {
  const mine = bubble.from === "follower";
  const first = !before || before.from !== bubble.from;
  const staff = bubble.from === "inbox";
  const made = element("div", `turn ${mine ? "mine" : "theirs"}${staff ? " staff" : ""}${first ? " first" : ""}`);
  made.dataset.mid = bubble.mid;
  if (!mine) {
    const face = avatar(thread.page_name, thread.page);
    if (!first) face.classList.add("blank");
    made.append(face);
  }
  const stack = element("div", "stack");
  if (first) stack.append(element("span", mine ? "hidden" : staff ? "by" : "hidden", mine ? "You:" : staff ? "A person at the Page" : `${thread.page_name}:`));
  stack.append(...parts(bubble, act));
  if (bubble.edited) stack.append(element("span", "by", "Edited"));
  made.append(stack, tools(bubble, act));
  return made;
}

function refusal(note) {
  const codes = note.subcode ? `${note.code}/${note.subcode}` : `${note.code}`;
  return element("p", "refusal", `The Page could not write (${codes}): ${note.message.replace(/^\(#\d+\) /, "")}`);
}

function opening(thread) {
  const made = element("div", "start");
  made.append(avatar(thread.page_name, thread.page), element("strong", "", thread.page_name));
  made.append(element("p", "quiet", thread.greeting ?? "This conversation has not begun yet."));
  return made;
}

export function drawThread(thread, place, act) {
  const pieces = [opening(thread)];
  const lines = [
    ...thread.bubbles.map((bubble) => ({ at: bubble.at_ms, bubble })),
    ...thread.refusals.map((note) => ({ at: note.at_ms, note })),
  ].sort((one, other) => one.at - other.at);
  let before = null;
  let lastAt = 0;
  for (const line of lines) {
    if (line.at - lastAt > 1_800_000) {
      pieces.push(element("p", "when-line", dayAndTime(line.at, thread.now_ms)));
      before = null;
    }
    lastAt = line.at;
    pieces.push(line.note ? refusal(line.note) : turn(line.bubble, before, thread, act));
    before = line.bubble ?? null;
  }
  const last = thread.bubbles.at(-1);
  if (last?.from === "follower" && thread.page_saw_ms >= last.at_ms) {
    pieces.push(element("p", "seen", "Seen"));
  }
  if (thread.typing) {
    const dots = element("div", "turn theirs first");
    const bubble = element("div", "bubble typing");
    bubble.append(element("i"), element("i"), element("i"), element("span", "hidden", `${thread.page_name} is typing`));
    dots.append(avatar(thread.page_name, thread.page), bubble);
    pieces.push(dots);
  }
  const atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
  place.replaceChildren(...pieces);
  if (atEnd || place.dataset.psid !== thread.psid) place.scrollTop = place.scrollHeight;
  place.dataset.psid = thread.psid;
}
