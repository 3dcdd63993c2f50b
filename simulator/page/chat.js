// How does one play a follower? Wires the page to the control API and keeps it up to date.

import { avatar, clockTime, drawThread, element, hue, initials, offerButton } from "./bubbles.js";

const at = (id) => document.getElementById(id);
const chosen = { page: null, psid: null };
let thread = null;
let offsetSeconds = 0;

async function ask(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(`/control/${path}`, options);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error ?? answer.statusText);
    notice("");
    return told;
  } catch (failure) {
    notice(`That did not work: ${failure.message}`);
    return null;
  }
}

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

function say(act) {
  if (chosen.psid === null) return Promise.resolve(null);
  return ask("POST", "say", { page: chosen.page, psid: chosen.psid, ...act });
}

function soon(run, ms) {
  let timer = null;
  return () => {
    if (timer === null) timer = setTimeout(() => { timer = null; run(); }, ms);
  };
}

const act = {
  tap: (button) => say({ postback: { title: button.title, payload: button.payload } }),
  unsend: (bubble) => say({ unsend: bubble.mid }),
  react: (bubble) => say({ reaction: { mid: bubble.mid, reaction: "love", action: bubble.reaction ? "unreact" : "react" } }),
};

// Followers

async function loadFollowers() {
  const query = new URLSearchParams({ limit: "60", q: at("find").value });
  if (chosen.page) query.set("page", chosen.page);
  const told = await ask("GET", `followers?${query}`);
  if (told === null) return;
  chosen.page = told.page;
  drawPages(told.pages);
  const list = at("followers");
  const focused = document.activeElement?.dataset?.psid;
  list.replaceChildren(...told.followers.map(followerLine));
  if (focused) list.querySelector(`[data-psid="${CSS.escape(focused)}"]`)?.focus();
  const hidden = told.total - told.followers.length;
  at("followers-count").textContent = hidden > 0 ? `and ${hidden.toLocaleString()} more` : `${told.total} in all`;
  if (chosen.psid === null && told.followers.length) choose(location.hash.slice(1) || told.followers[0].psid);
}

function drawPages(pages) {
  at("page-field").hidden = pages.length < 2;
  at("page-select").replaceChildren(...pages.map((page) => new Option(page.name, page.id, false, page.id === chosen.page)));
}

function followerLine(person) {
  const item = element("li");
  const button = element("button");
  button.type = "button";
  button.dataset.psid = person.psid;
  button.setAttribute("aria-current", String(person.psid === chosen.psid));
  const last = person.last_text ? `${person.last_from_page ? "" : "You: "}${person.last_text}` : "New conversation";
  button.append(
    avatar(person.name, person.psid),
    element("span", "name", person.name),
    element("span", "when", person.last_at_ms ? clockTime(person.last_at_ms) : ""),
    element("span", "last", last),
  );
  button.addEventListener("click", () => choose(person.psid));
  item.append(button);
  return item;
}

function choose(psid) {
  chosen.psid = psid;
  history.replaceState(null, "", `#${psid}`);
  for (const button of at("followers").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset.psid === psid));
  }
  showPeople(false);
  loadThread();
}

function showPeople(open) {
  at("people").classList.toggle("open", open);
  at("show-followers").setAttribute("aria-expanded", String(open));
}

// Conversation

async function loadThread() {
  if (chosen.psid === null) return;
  const wanted = chosen.psid;
  const told = await ask("GET", `thread?${new URLSearchParams({ page: chosen.page, psid: wanted })}`);
  if (told === null || wanted !== chosen.psid) return;
  thread = told;
  // The offers first: they take room from the conversation, which then scrolls to its end.
  drawHead();
  drawOffers();
  drawThread(thread, at("thread"), act);
  at("standing").value = [...at("standing").options].some((option) => option.value === thread.standing) ? thread.standing : "blocked";
}

function drawHead() {
  at("talk-name").textContent = thread.name;
  at("talk-line").textContent = `writes to ${thread.page_name} · ${thread.locale.replace("_", "-")}`;
  at("talk-avatar").textContent = initials(thread.name);
  at("talk-avatar").className = `avatar ${hue(thread.psid)}`;
  drawPills();
}

function drawPills() {
  if (thread === null) return;
  const left = (thread.window_until_ms ?? 0) - Date.now() - offsetSeconds * 1000;
  const pill = at("window-pill");
  const hours = Math.floor(left / 3_600_000);
  const minutes = Math.floor((left % 3_600_000) / 60_000);
  pill.className = `pill ${left > 0 ? "good" : "warn"}`;
  pill.textContent = left > 0 ? `Window open, ${hours} h ${minutes} min left` : thread.window_until_ms ? "Window closed" : "Has not written yet";
  at("owner-pill").hidden = thread.owner !== "inbox";
  at("owner-pill").className = "pill warn";
  at("owner-pill").textContent = "A person holds the thread";
}

function drawOffers() {
  const replies = thread.quick_replies.map((reply) => {
    const button = element("button", "", reply.title ?? reply.content_type);
    button.type = "button";
    button.dataset.quickReply = reply.payload ?? "";
    button.addEventListener("click", () => {
      at("message-input").focus();
      say({ quick_reply: { title: reply.title, payload: reply.payload } });
    });
    return button;
  });
  at("quick-replies").replaceChildren(...replies);
  at("get-started").hidden = thread.started || thread.get_started === null;
  at("menu-button").hidden = thread.menu.length === 0;
  at("menu").replaceChildren(...thread.menu.map((item) => offerButton(item, act, "")));
}

function sheet(buttonId, sheetId) {
  const button = at(buttonId);
  const box = at(sheetId);
  const show = (open) => {
    box.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    show(box.hidden);
    if (!box.hidden) box.querySelector("button, a")?.focus();
  });
  box.addEventListener("click", () => show(false));
  document.addEventListener("keydown", (key) => {
    if (key.key === "Escape" && !box.hidden) {
      show(false);
      button.focus();
    }
  });
  document.addEventListener("click", (click) => {
    if (!box.contains(click.target) && !button.contains(click.target)) show(false);
  });
}

// Behind the scenes

async function loadClock() {
  const told = await ask("GET", "clock");
  if (told === null) return;
  offsetSeconds = told.offset_seconds;
  drawClock();
}

function drawClock() {
  const now = new Date(Date.now() + offsetSeconds * 1000);
  at("clock-now").dateTime = now.toISOString();
  at("clock-now").textContent = now.toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const hours = Math.round(offsetSeconds / 360) / 10;
  at("clock-offset").textContent = hours === 0 ? "real time" : `${hours > 0 ? "+" : ""}${hours} h`;
  drawPills();
}

async function loadCalls() {
  const told = await ask("GET", "calls?limit=25");
  if (told !== null) at("calls").replaceChildren(...told.calls.map(callLine));
}

function callLine(call) {
  const item = element("li", call.code !== null ? "bad" : call.answered !== "delivered" ? "odd" : "");
  const codes = call.subcode ? `${call.code}/${call.subcode}` : call.code;
  const fate = call.code !== null ? `refused ${codes}` : call.answered === "delivered" ? `${call.status}` : `accepted, answer ${call.answered}`;
  item.append(
    element("code", "", `${call.method} ${call.path}`),
    document.createTextNode(` ${call.action ?? ""} `),
    element("strong", "", fate),
    element("div", "quiet", `${clockTime(call.wall * 1000)}${call.psid ? ` · to …${call.psid.slice(-4)}` : ""}`),
  );
  return item;
}

// Wiring

at("new-follower").addEventListener("click", async () => {
  const told = await ask("POST", "followers", { page: chosen.page ?? undefined, count: 1 });
  if (told === null) return;
  chosen.psid = told.followers[0].psid;
  at("find").value = told.followers[0].name;
  await loadFollowers();
  choose(told.followers[0].psid);
});
at("show-followers").addEventListener("click", () => showPeople(!at("people").classList.contains("open")));
at("page-select").addEventListener("change", () => {
  chosen.page = at("page-select").value;
  chosen.psid = null;
  history.replaceState(null, "", "#");
  loadFollowers();
});
at("find").addEventListener("input", soon(loadFollowers, 150));
at("compose").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const text = at("message-input").value.trim();
  at("message-input").value = "";
  if (text) say({ text });
});
at("like").addEventListener("click", () => say({ sticker: true }));
at("get-started").addEventListener("click", () => {
  at("message-input").focus();
  say({ get_started: true });
});
for (const button of document.querySelectorAll("[data-attach]")) {
  const kind = button.dataset.attach;
  button.addEventListener("click", () => say(kind === "sticker" ? { sticker: true } : { attachment: kind }));
}
for (const button of document.querySelectorAll("[data-advance]")) {
  const step = button.dataset.advance;
  button.addEventListener("click", async () => {
    await ask("POST", "clock", step === "reset" ? { offset_seconds: 0 } : { advance_seconds: Number(step) });
    loadClock();
  });
}
at("human").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const text = at("human-text").value.trim() || at("human-text").placeholder;
  at("human-text").value = "";
  ask("POST", "thread", { page: chosen.page, psid: chosen.psid, action: "reply", text });
});
at("hand-back").addEventListener("click", () => ask("POST", "thread", { page: chosen.page, psid: chosen.psid, action: "pass" }));
at("standing").addEventListener("change", () => ask("POST", "block", { page: chosen.page, psid: chosen.psid, state: at("standing").value }));
at("fault").addEventListener("change", async () => {
  await ask("DELETE", `faults?${new URLSearchParams({ page: chosen.page })}`);
  if (at("fault").value) await ask("POST", "faults", { page: chosen.page, next: [at("fault").value] });
});
at("crowd").addEventListener("submit", (submit) => {
  submit.preventDefault();
  ask("POST", "start", { page: chosen.page, n: Number(at("crowd-count").value), per_second: 10 });
});
sheet("menu-button", "menu");
sheet("attach-button", "attach");

const threadSoon = soon(loadThread, 60);
const followersSoon = soon(loadFollowers, 700);
const callsSoon = soon(loadCalls, 300);
const stream = new EventSource("/control/stream");
stream.addEventListener("message", (message) => {
  const note = JSON.parse(message.data);
  if (note.what === "call") callsSoon();
  if (note.what === "clock") loadClock();
  if (note.what === "page") threadSoon();
  if (note.what === "thread") {
    if (note.psid === chosen.psid) threadSoon();
    followersSoon();
  }
});
stream.addEventListener("open", () => { loadClock(); loadFollowers(); loadThread(); loadCalls(); });
setInterval(drawClock, 1000);
