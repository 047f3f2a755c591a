// The listening page: one listener, one document of answers, kept on the device and sent on where
// a server is. What a document holds is said in musegen/survey/answers.py, which reads it.
//
// The survey: { survey, texts, contact, seconds, items, practice, attention, lists }. `items` maps
// blind ids to mp3 (base64); `practice` is an id; `attention` is { item, grade }, a question without
// music; each of `lists` names the items that one listener gets.

const FORMAT = "musegen answers 1";
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
const ABOUT = ["age", "gender", "profession", "culture", "music"];
const LISTEN = 5; // seconds one has to hear before the scale opens
const LONGEST = 2000; // letters of a comment

// --- Documents -----------------------------------------------------------------------------------

/** Gives a whole number from 0 up to `below`, each equally likely. */
function randomBelow(below) {
  const most = Math.floor(2 ** 32 / below) * below;
  for (;;) {
    const [drawn] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < most) return drawn % below;
  }
}

/** Draws a listener's code: 80 bits that nobody guesses. */
function newCode(below = randomBelow) {
  const letters = Array.from({ length: 16 }, () => LETTERS[below(32)]).join("");
  return letters.match(/.{4}/g).join("-");
}

function shuffled(list, below = randomBelow) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/** Begins a document: a list of items by chance, in an order by chance, the check in its midst. */
function newDocument(survey, language, below = randomBelow) {
  const order = shuffled(survey.lists[below(survey.lists.length)], below);
  if (survey.attention) {
    const quarter = Math.floor(order.length / 4);
    order.splice(quarter + below(order.length - 2 * quarter + 1), 0, survey.attention.item);
  }
  if (survey.practice) order.unshift(survey.practice);
  return {
    format: FORMAT,
    survey: survey.survey,
    listener: newCode(below),
    version: 1,
    language,
    consent: false,
    started: new Date().toISOString(),
    finished: null,
    about: {},
    order,
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

/** Tells whether something kept on the device is a document of this survey. */
function isDocument(kept, survey) {
  return (
    kept?.format === FORMAT &&
    kept.survey === survey.survey &&
    typeof kept.listener === "string" &&
    Number.isInteger(kept.version) &&
    Array.isArray(kept.order) &&
    kept.order.every((item) => item in survey.items || item === survey.attention?.item) &&
    typeof kept.answers === "object" &&
    typeof kept.about === "object"
  );
}

/** Lists the screens a listener goes through. */
function screens(document) {
  const items = document.order.map((item) => ({ kind: "item", item }));
  return [{ kind: "welcome" }, { kind: "about" }, ...items, { kind: "end" }, { kind: "thanks" }];
}

/** Lists the songs without a grade, by their numbers as the listener sees them. */
function ungraded(survey, document) {
  return songsOf(survey, document)
    .map((item, i) => (document.answers[item]?.grade ? 0 : i + 1))
    .filter(Boolean);
}

/** Lists the items that count, in this listener's order. */
function songsOf(survey, document) {
  return document.order.filter(
    (item) => item !== survey.practice && item !== survey.attention?.item,
  );
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// --- Keeping and sending -------------------------------------------------------------------------

/** Keeps what a listener has answered in the browser; says so where it cannot. */
class Kept {
  constructor(survey, storage) {
    this.key = `musegen survey ${survey.survey}`;
    this.survey = survey;
    this.storage = storage;
    this.works = Boolean(storage);
  }

  read() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key));
      return isDocument(kept?.document, this.survey) ? kept : null;
    } catch {
      return null;
    }
  }

  write(kept) {
    try {
      this.storage.setItem(this.key, JSON.stringify(kept));
    } catch {
      this.works = false;
    }
  }

  forget() {
    try {
      this.storage.removeItem(this.key);
    } catch {
      this.works = false;
    }
  }
}

/** Sends the latest document until it is stored; `state` is none, waiting, stored or refused. */
class Post {
  constructor(fetcher, wait, changedState) {
    Object.assign(this, { fetcher, wait, changedState });
    this.state = fetcher ? "waiting" : "none";
    this.pause = 1000;
  }

  say(state) {
    this.state = state;
    this.changedState();
  }

  /** Takes a new version; what is on its way already is followed by it. */
  async send(document) {
    if (this.state === "none") return;
    this.next = document;
    if (this.busy) return;
    this.busy = true;
    this.say("waiting");
    while (this.next && this.state === "waiting") {
      const sent = this.next;
      const answer = await this.attempt(sent);
      if (answer === "again") await this.wait(this.pause);
      else if (answer !== "stored") this.say(answer);
      else if (this.next === sent) {
        this.next = null;
        this.say("stored");
      }
    }
    this.busy = false;
  }

  async attempt(document) {
    try {
      const body = JSON.stringify(document);
      const headers = { "Content-Type": "application/json" };
      const answer = await this.fetcher("answers", { method: "PUT", body, headers });
      if (answer.ok) {
        this.pause = 1000;
        return "stored";
      }
      if ([404, 405, 501].includes(answer.status)) return "none"; // a host of files only
      if ([400, 410, 413].includes(answer.status)) return "refused";
    } catch {
      // no connection: later
    }
    this.pause = Math.min(30000, this.pause * 2);
    return "again";
  }

  /** Asks the server to delete a listener's answers; gives whether it said yes. */
  async erase({ survey, listener }) {
    this.next = null;
    const body = JSON.stringify({ survey, listener });
    const headers = { "Content-Type": "application/json" };
    try {
      return (await this.fetcher("answers", { method: "DELETE", body, headers })).ok;
    } catch {
      return false;
    }
  }
}

// --- The page ------------------------------------------------------------------------------------

/** Makes an element with properties and children; text is only ever text. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function buttonOf(label, act, properties = {}) {
  const made = element("button", { type: "button", ...properties }, label);
  made.addEventListener("click", act);
  return made;
}

/** The page in the element `root`. */
class Listening {
  constructor(root, survey, kept, fetcher) {
    this.root = root;
    this.survey = survey;
    this.kept = kept;
    const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
    this.post = new Post(fetcher, wait, () => this.sayState());
    const before = kept.read();
    this.language = before?.document.language ?? this.firstLanguage();
    this.document = before?.document ?? newDocument(survey, this.language);
    this.at = Math.min(before?.at ?? 0, screens(this.document).length - 1);
    if (this.document.consent) this.post.send(this.document);
    // The same survey in another window: the later answers hold.
    globalThis.addEventListener("storage", () => this.takeOver());
    this.show();
  }

  firstLanguage() {
    const known = Object.keys(this.survey.texts);
    const wished = (navigator.languages ?? []).map((name) => name.slice(0, 2));
    return wished.find((name) => known.includes(name)) ?? known[0];
  }

  get texts() {
    return this.survey.texts[this.language];
  }

  takeOver() {
    const other = this.kept.read();
    if (!other || other.document.version <= this.document.version) return;
    this.document = other.document;
    this.show();
  }

  /** Keeps a change on the device at once, and sends it. */
  keep(document) {
    this.document = document;
    this.kept.write({ document, at: this.at });
    if (document.consent) this.post.send(document);
  }

  go(to) {
    this.at = to;
    this.kept.write({ document: this.document, at: to });
    this.show();
    globalThis.scrollTo?.(0, 0);
  }

  show() {
    this.audio?.pause();
    this.audio = null;
    const all = screens(this.document);
    const screen = all[this.at];
    document.documentElement.lang = this.language;
    document.title = this.texts.title;
    const made = this[screen.kind](screen.item);
    const progress = element("progress", { max: all.length - 1, value: this.at });
    progress.setAttribute("aria-label", `${this.at} / ${all.length - 1}`);
    this.root.replaceChildren(progress, ...made);
    if (!this.kept.works) this.root.append(element("p", { className: "soft" }, this.texts.notKept));
    this.root.querySelector("h1")?.focus();
  }

  heading(text) {
    return element("h1", { tabIndex: -1 }, text);
  }

  /** Makes the buttons back and next; `leaving` is called before the next screen. */
  steps(label = this.texts.next, ready = true, leaving = () => {}) {
    const onward = () => {
      leaving();
      this.go(this.at + 1);
    };
    const next = buttonOf(label, onward, { className: "main", disabled: !ready });
    const back = buttonOf(this.texts.back, () => this.go(this.at - 1));
    return element("div", { className: "steps" }, ...(this.at > 1 ? [back] : []), next);
  }

  welcome() {
    const { texts, survey } = this;
    const songs = songsOf(survey, this.document).length;
    const minutes = Math.ceil((songs * (survey.seconds + 15)) / 60) + 1;
    const values = { songs, minutes, seconds: survey.seconds };
    const agree = element("input", { type: "checkbox", checked: this.document.consent });
    const steps = this.steps(texts.start, this.document.consent);
    agree.addEventListener("change", () => {
      if (!agree.checked) this.withdraw();
      this.keep(changed(this.document, { consent: agree.checked }));
      steps.lastChild.disabled = !agree.checked;
    });
    const contact = survey.contact || texts.nobody;
    return [
      this.languages(),
      this.heading(texts.title),
      element("p", {}, fill(texts.welcome, values)),
      element("h2", {}, texts.consentTitle),
      element("p", {}, fill(texts.consent, { contact })),
      element("label", { className: "check" }, agree, texts.agree),
      steps,
    ];
  }

  /** Takes back what was sent; a deleted code is refused for ever, so there is a new one. */
  withdraw() {
    if (this.post.state !== "none") this.post.erase(this.document);
    this.document = changed(this.document, { listener: newCode() });
  }

  languages() {
    const all = Object.entries(this.survey.texts);
    const buttons = all.map(([name, texts]) =>
      buttonOf(
        texts.name,
        () => {
          this.language = name;
          this.keep(changed(this.document, { language: name }));
          this.show();
        },
        { disabled: name === this.language, lang: name },
      ),
    );
    return element("div", { className: "languages" }, ...buttons);
  }

  about() {
    const { texts } = this;
    const choices = { age: texts.ages, gender: texts.genders, music: texts.musics };
    const fields = ABOUT.map((name) => {
      const field = choices[name] ? this.choice(choices[name]) : element("input", { type: "text" });
      field.maxLength = 200;
      field.name = name;
      field.value = this.document.about[name] ?? "";
      field.addEventListener("change", () => {
        const about = { ...this.document.about, [name]: field.value.trim() };
        this.keep(changed(this.document, { about }));
      });
      return element("label", { className: "field" }, texts[name], field);
    });
    const help = element("p", { className: "soft" }, texts.aboutHelp);
    return [this.heading(texts.aboutTitle), help, ...fields, this.steps()];
  }

  /** Lets one choose; what is kept is the name that all languages share. */
  choice(labels) {
    const options = Object.entries({ "": this.texts.noAnswer, ...labels });
    return element(
      "select",
      {},
      ...options.map(([value, label]) => element("option", { value }, label)),
    );
  }

  item(item) {
    const { texts, survey } = this;
    if (item === survey.attention?.item) return this.attention(item);
    const practice = item === survey.practice;
    const songs = songsOf(survey, this.document);
    const number = songs.indexOf(item) + 1;
    const title = practice
      ? texts.practiceTitle
      : fill(texts.songTitle, { number, count: songs.length });
    const scale = this.scale(item);
    const listen = element("p", { className: "soft", role: "status" });
    const open = (heard) => {
      scale.disabled = heard < Math.min(LISTEN, survey.seconds / 2);
      listen.textContent = scale.disabled ? texts.listen : "";
    };
    const audio = this.player(item, open);
    open(this.document.answers[item]?.heard ?? 0);
    const made = [this.heading(title)];
    if (practice) made.push(element("p", {}, texts.practiceHelp));
    made.push(audio, listen, scale);
    if (!practice) made.push(this.known(item), this.comment(item));
    return [...made, this.steps()];
  }

  /** Plays an item, and counts the seconds heard; `progressed` is told of them. */
  player(item, progressed) {
    const bytes = Uint8Array.from(atob(this.survey.items[item]), (c) => c.charCodeAt(0));
    const address = URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" }));
    const audio = element("audio", { controls: true, preload: "auto", src: address });
    audio.setAttribute("controlslist", "nodownload noplaybackrate");
    let last = 0;
    let heard = this.document.answers[item]?.heard ?? 0;
    audio.addEventListener("timeupdate", () => {
      const since = audio.currentTime - last;
      if (since > 0 && since < 1) heard += since;
      last = audio.currentTime;
      progressed(heard);
      const stored = this.document.answers[item]?.heard ?? 0;
      if (heard - stored < 3 && !audio.ended) return;
      this.keep(withAnswer(this.document, item, { heard: Math.round(heard * 10) / 10 }));
    });
    audio.addEventListener("error", () => {
      audio.after(element("p", { role: "alert" }, this.texts.noSound));
    });
    this.audio = audio;
    return audio;
  }

  scale(item) {
    const { texts } = this;
    const given = this.document.answers[item]?.grade;
    const rows = texts.grades.map((words, i) => {
      const grade = i + 1;
      const radio = element("input", { type: "radio", name: "grade", value: grade });
      radio.checked = given === grade;
      radio.addEventListener("change", () => this.keep(withAnswer(this.document, item, { grade })));
      return element("label", {}, radio, element("b", {}, String(grade)), words);
    });
    const legend = element("legend", {}, texts.question);
    return element("fieldset", { className: "scale" }, legend, ...rows);
  }

  known(item) {
    const box = element("input", { type: "checkbox" });
    box.checked = this.document.answers[item]?.known ?? false;
    box.addEventListener("change", () => {
      this.keep(withAnswer(this.document, item, { known: box.checked }));
    });
    return element("label", { className: "check" }, box, this.texts.known);
  }

  comment(item) {
    const said = this.document.answers[item]?.comment ?? "";
    return this.text(this.texts.comment, said, (comment) => {
      this.keep(withAnswer(this.document, item, { comment }));
    });
  }

  text(label, value, take) {
    const area = element("textarea", { rows: 2, maxLength: LONGEST, value });
    area.addEventListener("change", () => take(area.value.trim()));
    return element("label", { className: "field" }, label, area);
  }

  attention(item) {
    const { texts, survey } = this;
    const scale = this.scale(item);
    scale.querySelector("legend").textContent = "";
    return [
      this.heading(texts.attentionTitle),
      element("p", {}, fill(texts.attention, { grade: survey.attention.grade })),
      scale,
      this.steps(),
    ];
  }

  end() {
    const { texts } = this;
    const list = ungraded(this.survey, this.document).join(", ");
    const made = [this.heading(texts.endTitle)];
    if (list) made.push(element("p", { role: "status" }, fill(texts.missing, { list })));
    const comment = this.text(texts.endComment, this.document.comment, (said) => {
      this.keep(changed(this.document, { comment: said }));
    });
    const finish = () => this.keep(changed(this.document, { finished: new Date().toISOString() }));
    return [...made, comment, this.steps(texts.finish, true, finish)];
  }

  thanks() {
    const { texts } = this;
    this.state = element("p", { role: "status" });
    this.sayState();
    const name = `answers-${this.document.listener}.json`;
    const text = () => JSON.stringify(this.document, null, 1);
    const file = () => new File([text()], name, { type: "application/json" });
    const copy = buttonOf(texts.copy, async () => {
      await navigator.clipboard.writeText(text());
      copy.textContent = texts.copied;
    });
    const buttons = [buttonOf(texts.save, () => handOut(file())), copy];
    if (navigator.canShare?.({ files: [file()] })) {
      buttons.push(buttonOf(texts.share, () => navigator.share({ files: [file()] })));
    }
    const back = buttonOf(texts.back, () => this.go(this.at - 1));
    return [
      this.heading(texts.thanksTitle),
      this.state,
      element("div", { className: "steps" }, ...buttons),
      element("p", {}, texts.code),
      element("p", { className: "code" }, this.document.listener),
      element(
        "div",
        { className: "steps" },
        back,
        buttonOf(texts.erase, () => this.erase()),
        buttonOf(texts.again, () => this.startAgain()),
      ),
    ];
  }

  sayState() {
    if (!this.state) return;
    const { thanksStored, thanksWaiting, thanksFile } = this.texts;
    const said = { stored: thanksStored, waiting: thanksWaiting };
    this.state.textContent = said[this.post.state] ?? thanksFile;
  }

  async erase() {
    const { texts } = this;
    if (!globalThis.confirm(texts.eraseSure)) return;
    const gone = this.document;
    this.kept.forget();
    const sent = this.post.state !== "none";
    const done = !sent || (await this.post.erase(gone));
    this.restart();
    const said = done ? texts.erased : fill(texts.eraseFailed, { code: gone.listener });
    this.root.prepend(element("p", { role: "alert" }, said));
  }

  /** Lets somebody else answer; what the one before has answered is sent already, or in a file. */
  startAgain() {
    if (this.post.state === "waiting" && !globalThis.confirm(this.texts.thanksWaiting)) return;
    this.restart();
  }

  restart() {
    this.kept.forget();
    this.state = null;
    this.document = newDocument(this.survey, this.language);
    this.at = 0;
    this.show();
  }
}

function handOut(file) {
  const address = URL.createObjectURL(file);
  element("a", { href: address, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function startListening(root) {
  const survey = JSON.parse(document.getElementById("survey").textContent);
  let storage = null;
  try {
    storage = globalThis.localStorage;
  } catch {
    // a browser that keeps nothing
  }
  const served = location.protocol.startsWith("http");
  const fetcher = served ? (...asked) => fetch(...asked) : null;
  root.listening = new Listening(root, survey, new Kept(survey, storage), fetcher);
}

export {
  FORMAT,
  Kept,
  Post,
  changed,
  fill,
  isDocument,
  newCode,
  newDocument,
  screens,
  shuffled,
  songsOf,
  startListening,
  ungraded,
  withAnswer,
};
