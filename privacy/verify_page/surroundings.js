// What do the other records of the same person change about what a record shows?

const NOTICE_WITHIN = 86_400_000; // milliseconds in which a notice belongs to the beginning of a conversation
const ANSWERS = ["consent_given", "consent_refused", "consent_withdrawn"];

// What counts of a record here: kind, time of the event or else of its receipt, place, and the topics that it names.
function actOf(record, origin, index) {
  const consent = record.get("consent");
  const topics = record.get("topics") ?? (consent ? [consent.get("topic")] : []);
  const time = record.get("event_time") ?? record.get("received_at");
  return { kind: record.get("type"), time, origin, index, topics };
}

// By time; at one and the same time by the place in the log.
function isLater(one, other) {
  if (one.time !== other.time) return one.time > other.time;
  return one.origin === other.origin && one.index > other.index;
}

function takesBack(act, main) {
  if (main.kind === "conversation_started") return act.kind === "consent_withdrawn";
  const named = act.topics.some((topic) => main.topics.includes(topic));
  // A withdrawal that names no topic is one of everything.
  return (act.kind === "consent_withdrawn" && (named || !act.topics.length)) || (act.kind === "consent_refused" && named);
}

// The first later record that takes back what the main one gave.
function withdrawalOf(main, related) {
  if (!["consent_given", "conversation_started"].includes(main.kind)) return null;
  const found = related.filter((act) => isLater(act, main) && takesBack(act, main));
  const before = (one, other) =>
    one.time < other.time ||
    (one.time === other.time && (one.origin < other.origin || (one.origin === other.origin && one.index < other.index)));
  return found.reduce((best, act) => (best && !before(act, best) ? best : act), null);
}

// Whether the notice was shown at the start, at most a day after it and before every answer in the bundle.
function noticeCameFirst(start, related) {
  const answers = related.filter((act) => ANSWERS.includes(act.kind));
  return related.some((act) => {
    if (act.kind !== "notice_shown" || isLater(start, act)) return false;
    const soon = Date.parse(act.time) - Date.parse(start.time) <= NOTICE_WITHIN;
    return soon && answers.every((answer) => isLater(answer, act));
  });
}
