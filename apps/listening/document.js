// One listener's document of answers, as answers.schema.json says.
//
// The survey: { survey, texts, contact, until, invited, seconds, each, items, check, practice,
// attention }. `items` maps blind names to those of their mp3; `check` is { sound, tones }; `practice`
// is a name; `attention` is { item, grade }, a question without music. `lists` are { items, again }:
// what a listener gets, and what of it is heard twice.

const FORMAT = "musegen answers 2";
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
const AGAIN = ".again"; // ends the name of a piece that is heard for the second time

/** Gives a whole number from 0 up to `below`, each equally likely. */
function randomBelow(below) {
  const most = Math.floor(2 ** 32 / below) * below;
  for (;;) {
    const [drawn] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < most) return drawn % below;
  }
}

/** Draws a listener's code: 80 bits that nobody guesses. */
function newCode() {
  const letters = Array.from({ length: 16 }, () => LETTERS[randomBelow(32)]).join("");
  return letters.match(/.{4}/g).join("-");
}

function shuffled(list) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = randomBelow(i + 1);
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/** Orders a list by chance; what is heard twice comes in the first half, and again well after. */
function ordered({ items, again }) {
  const order = shuffled(items);
  const half = Math.ceil(order.length / 2);
  const early = order.indexOf(again) < half ? order.indexOf(again) : randomBelow(half);
  order[order.indexOf(again)] = order[early];
  order[early] = again;
  const soonest = early + 1 + Math.floor(order.length / 3);
  order.splice(soonest + randomBelow(order.length - soonest + 1), 0, again + AGAIN);
  return order;
}

/** Begins a document: one of the lists, the check on attention in its midst. */
function newDocument(survey, lists, language) {
  const order = ordered(lists[randomBelow(lists.length)]);
  const quarter = Math.floor(order.length / 4);
  order.splice(quarter + randomBelow(order.length - 2 * quarter + 1), 0, survey.attention.item);
  return {
    format: FORMAT,
    survey: survey.survey,
    listener: newCode(),
    version: 1,
    language,
    consent: false,
    started: new Date().toISOString(),
    finished: null,
    about: {},
    order: [survey.practice, ...order],
    answers: {},
    comment: "",
  };
}

/** Changes a document: every change is a version of its own, so that the latest is known. */
function changed(document, change) {
  return { ...document, ...change, version: document.version + 1 };
}

function withAnswer(document, item, change) {
  const before = document.answers[item] ?? { grade: null, known: false, comment: "", heard: 0 };
  const answer = { ...before, ...change, at: new Date().toISOString() };
  return changed(document, { answers: { ...document.answers, [item]: answer } });
}

/** Names the sound of an item: that of a piece heard again is the same. */
function soundOf(item) {
  return item.replace(AGAIN, "");
}

/** Tells whether another document is to be gone on with: a later one, or another listener's. */
function overtakes(other, document) {
  return other.listener !== document.listener || other.version > document.version;
}

/** Tells whether something kept on the device is a document of this survey. */
function isDocument(kept, survey) {
  return (
    kept?.format === FORMAT &&
    kept.survey === survey.survey &&
    typeof kept.listener === "string" &&
    Number.isInteger(kept.version) &&
    Array.isArray(kept.order) &&
    kept.order.every((item) => soundOf(item) in survey.items || item === survey.attention.item) &&
    typeof kept.answers === "object" &&
    typeof kept.about === "object"
  );
}

/** Lists the screens a listener goes through. */
function screensOf(document) {
  const items = document.order.map((item) => ({ kind: "item", item }));
  const [before, after] = [
    ["welcome", "about", "check"],
    ["end", "thanks"],
  ].map((kinds) => kinds.map((kind) => ({ kind })));
  return [...before, ...items, ...after];
}

/** Lists the pieces that are graded, in this listener's order. */
function piecesOf(survey, document) {
  return document.order.filter(
    (item) => item !== survey.practice && item !== survey.attention.item,
  );
}

/** Lists the pieces without a grade, by their numbers as the listener sees them. */
function ungraded(survey, document) {
  return piecesOf(survey, document)
    .map((item, i) => (document.answers[item]?.grade ? 0 : i + 1))
    .filter(Boolean);
}

export {
  AGAIN,
  changed,
  isDocument,
  newCode,
  newDocument,
  ordered,
  overtakes,
  piecesOf,
  screensOf,
  shuffled,
  soundOf,
  ungraded,
  withAnswer,
};
