// The screens of the listening page, in the order a listener sees them.

import {
  changed,
  newDocument,
  overtakes,
  piecesOf,
  screensOf,
  soundOf,
  ungraded,
  withAnswer,
} from "./document.js";
import {
  buttonOf,
  choiceField,
  element,
  fill,
  handOut,
  loadSound,
  playerOf,
  scaleOf,
  textField,
  tickBox,
} from "./elements.js";
import { Kept, Post } from "./sending.js";

const LISTEN = 5; // seconds one has to hear before the scale opens
const PAUSE = 1000; // milliseconds without a letter until what is written is sent

/** The page in the element `root`. */
class Listening {
  constructor(root, survey, lists, kept, fetcher) {
    Object.assign(this, { root, survey, lists, kept });
    const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
    const overtake = () => this.change((latest) => changed(latest, {}));
    this.post = new Post(fetcher, wait, () => this.sayState(), overtake);
    this.sounds = new Map();
    const before = kept.read();
    this.post.invitation = before?.invitation || location.hash.slice(1);
    this.language = before?.document.language ?? this.firstLanguage();
    this.document = before?.document ?? newDocument(survey, lists, this.language);
    this.at = Math.min(before?.at ?? 0, screensOf(this.document).length - 1);
    if (this.document.consent) this.post.send(this.document);
    history.replaceState({ at: this.at, deep: history.state?.deep ?? 0 }, "");
    globalThis.addEventListener("popstate", ({ state }) => this.goBack(state?.at ?? this.at));
    globalThis.addEventListener("storage", ({ key, newValue }) => {
      if (key !== kept.key) return;
      if (!newValue) this.restart(); // deleted in the other window
      else if (this.takeOver() && !document.hasFocus()) this.show();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.unsent) this.send();
    });
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

  /** Goes on with what another window has kept, if that is later; tells whether it was. */
  takeOver() {
    const other = this.kept.read()?.document;
    const taken = Boolean(other) && overtakes(other, this.document);
    if (taken) this.document = other;
    return taken;
  }

  write() {
    this.kept.write({ document: this.document, at: this.at, invitation: this.post.invitation });
  }

  /** Changes the latest answers of this listener, whichever window they are from. */
  change(make) {
    const { listener } = this.document;
    this.takeOver();
    if (this.document.listener === listener) this.document = make(this.document);
    this.write();
    return this.document;
  }

  /** Keeps a change on the device at once, and sends it; what is being written in a moment. */
  keep(make, writing = false) {
    this.change(make);
    clearTimeout(this.unsent);
    if (writing) this.unsent = setTimeout(() => this.send(), PAUSE);
    else this.send();
  }

  send() {
    clearTimeout(this.unsent);
    this.unsent = null;
    if (this.document.consent) this.post.send(this.document);
  }

  answer(item, change, writing = false) {
    const heard = Math.round(this.heard * 10) / 10;
    this.keep((latest) => withAnswer(latest, item, { heard, ...change }), writing);
  }

  /** Goes to a screen; the browser's own way back leads here again. */
  go(to) {
    history.pushState({ at: to, deep: (history.state?.deep ?? 0) + 1 }, "");
    this.arrive(to);
  }

  arrive(at) {
    this.at = at;
    this.takeOver();
    this.write();
    this.show();
    globalThis.scrollTo?.(0, 0);
  }

  /** Shows an earlier screen again, as far as there is one: who has finished has. */
  goBack(at) {
    const { consent, finished } = this.document;
    const last = screensOf(this.document).length - 1;
    this.arrive(finished ? last : consent ? Math.min(at, last - 1) : 0);
  }

  stepBack() {
    if (history.state?.deep) {
      history.back();
      return;
    }
    history.replaceState({ at: this.at - 1, deep: 0 }, "");
    this.arrive(this.at - 1);
  }

  /** Gives a sound, loaded once. */
  load(name) {
    if (!this.sounds.has(name)) {
      const loading = loadSound(name);
      loading.catch(() => this.sounds.delete(name));
      this.sounds.set(name, loading);
    }
    return this.sounds.get(name);
  }

  /** Loads the sounds to come, one after another: who loses the connection can go on. */
  async loadAhead() {
    if (this.loading || !this.document.consent) return;
    this.loading = true;
    try {
      const { items, check } = this.survey;
      for (const { kind, item = "" } of screensOf(this.document).slice(this.at)) {
        const name = kind === "check" ? check.sound : items[soundOf(item)];
        if (name) await this.load(name);
      }
    } catch {
      // the next screen tries again
    }
    this.loading = false;
  }

  show() {
    this.root.querySelector("audio")?.pause();
    const all = screensOf(this.document);
    const screen = all[this.at];
    document.documentElement.lang = this.language;
    document.title = this.texts.title;
    const progress = element("progress", { max: all.length - 1, value: this.at });
    progress.setAttribute("aria-label", `${this.at} / ${all.length - 1}`);
    this.notice = element("p", { role: "alert" });
    this.root.replaceChildren(progress, this.notice, ...this[screen.kind](screen.item));
    if (!this.kept.works) this.root.append(element("p", { className: "soft" }, this.texts.notKept));
    this.sayState();
    this.loadAhead();
    this.root.querySelector("h1")?.focus();
  }

  /** Says what the listener has to know of the sending. */
  sayState() {
    const { state } = this.post;
    if (state === "uninvited" && this.document.consent) {
      this.document = changed(this.document, { consent: false });
      this.post.invitation = "";
      this.go(0);
    }
    this.notice.textContent =
      { refused: this.texts.refused, uninvited: this.texts.uninvited }[state] ?? "";
    this.thanksState?.();
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
    const back = buttonOf(this.texts.back, () => this.stepBack());
    return element("div", { className: "steps" }, ...(this.at > 1 ? [back] : []), next);
  }

  welcome() {
    const { texts, survey, post } = this;
    const songs = piecesOf(survey, this.document).length;
    const minutes = Math.ceil((songs * (survey.seconds + 15)) / 60) + 2;
    const day = new Date(`${survey.until}T12:00`);
    const until = day.toLocaleDateString(this.language, { dateStyle: "long" });
    const agree = () => this.keep((latest) => changed(latest, { consent: true }));
    const steps = this.steps(texts.start, false, agree);
    let agreed = false;
    const ready = () => {
      const needed = survey.invited && post.state !== "none";
      steps.lastChild.disabled = !agreed || (needed && !post.invitation);
    };
    const box = tickBox(texts.agree, false, (checked) => {
      agreed = checked;
      ready();
    });
    const made = [
      this.languages(),
      this.heading(texts.title),
      element("p", {}, fill(texts.welcome, { songs, minutes, seconds: survey.seconds })),
      element("h2", {}, texts.consentTitle),
      ...texts.consent.map((text) =>
        element("p", {}, fill(text, { contact: survey.contact, until })),
      ),
    ];
    if (survey.invited && post.state !== "none" && !post.invitation) {
      const field = textField(texts.invitation, "", () => {}, 1);
      field.lastChild.addEventListener("input", (event) => {
        post.invitation = event.target.value.trim().toUpperCase();
        ready();
      });
      made.push(field);
    }
    return [...made, box, steps];
  }

  languages() {
    const all = Object.entries(this.survey.texts);
    const buttons = all.map(([language, texts]) => {
      const take = () => {
        this.language = language;
        this.keep((latest) => changed(latest, { language }));
        this.show();
      };
      return buttonOf(texts.name, take, { disabled: language === this.language, lang: language });
    });
    return element("div", { className: "languages" }, ...buttons);
  }

  about() {
    const { texts } = this;
    const said = (name) => this.document.about[name] ?? "";
    const take = (name, writing) => (value) => {
      const told = (latest) => changed(latest, { about: { ...latest.about, [name]: value } });
      this.keep(told, writing);
    };
    const choice = (name, options) =>
      choiceField(texts[name], { "": texts.noAnswer, ...options }, said(name), take(name));
    const text = (name) => textField(texts[name], said(name), take(name, true), 1, 200);
    const culture = element("div", { hidden: !said("culture") }, text("culture"));
    const asked = tickBox(texts.cultureAsk, Boolean(said("culture")), (checked) => {
      culture.hidden = !checked;
      if (!checked && said("culture")) {
        take("culture")("");
        culture.querySelector("input").value = "";
      }
    });
    return [
      this.heading(texts.aboutTitle),
      element("p", { className: "soft" }, texts.aboutHelp),
      choice("age", texts.ages),
      choice("gender", texts.genders),
      text("profession"),
      choice("music", texts.musics),
      asked,
      element("p", { className: "soft" }, texts.cultureWhy),
      culture,
      this.steps(),
    ];
  }

  /** Makes sure that the listener hears: only who counts the tones goes on. */
  check() {
    const { texts } = this;
    const { sound, tones } = this.survey.check;
    const steps = this.steps(texts.next, false);
    const said = element("p", { className: "soft", role: "status" });
    const scale = scaleOf(texts.checkQuestion, ["", "", "", "", "", ""], null, (number) => {
      steps.lastChild.disabled = number !== tones;
      said.textContent = number === tones ? texts.checkRight : texts.checkWrong;
    });
    scale.classList.add("row");
    return [
      this.heading(texts.checkTitle),
      element("p", {}, texts.checkHelp),
      playerOf(() => this.load(sound), texts),
      scale,
      said,
      steps,
    ];
  }

  item(item) {
    const { texts, survey } = this;
    this.heard = 0;
    const given = this.document.answers[item] ?? {};
    const scale = scaleOf(texts.question, texts.grades, given.grade, (grade) =>
      this.answer(item, { grade }),
    );
    if (item === survey.attention.item) {
      scale.firstChild.textContent = "";
      const asked = fill(texts.attention, { grade: survey.attention.grade });
      return [this.heading(texts.attentionTitle), element("p", {}, asked), scale, this.steps()];
    }
    const made = [...this.titleOf(item), ...this.soundWith(scale, item), scale];
    if (item !== survey.practice) {
      made.push(
        tickBox(texts.known, given.known ?? false, (known) => this.answer(item, { known })),
        textField(texts.comment, given.comment ?? "", (comment) =>
          this.answer(item, { comment }, true),
        ),
      );
    }
    return [...made, this.steps()];
  }

  titleOf(item) {
    const { texts, survey } = this;
    const pieces = piecesOf(survey, this.document);
    const [number, count] = [pieces.indexOf(item) + 1, pieces.length];
    if (number) return [this.heading(fill(texts.songTitle, { number, count }))];
    return [this.heading(texts.practiceTitle), element("p", {}, texts.practiceHelp)];
  }

  /** Plays an item, counts the seconds heard, and opens the scale after some of them. */
  soundWith(scale, item) {
    const { texts, survey } = this;
    const listen = element("p", { className: "soft", role: "status" });
    this.heard = this.document.answers[item]?.heard ?? 0;
    const open = () => {
      scale.disabled = this.heard < Math.min(LISTEN, survey.seconds / 2);
      listen.textContent = scale.disabled ? texts.listen : "";
    };
    open();
    const played = (seconds, ended) => {
      this.heard += seconds;
      open();
      const stored = this.document.answers[item]?.heard ?? 0;
      if (this.heard - stored >= 3 || ended) this.answer(item, {});
    };
    return [playerOf(() => this.load(survey.items[soundOf(item)]), texts, played), listen];
  }

  end() {
    const { texts } = this;
    const list = ungraded(this.survey, this.document).join(", ");
    const made = [this.heading(texts.endTitle)];
    if (list) made.push(element("p", { role: "status" }, fill(texts.missing, { list })));
    const comment = textField(texts.endComment, this.document.comment, (said) =>
      this.keep((latest) => changed(latest, { comment: said }), true),
    );
    const finish = () =>
      this.keep((latest) => changed(latest, { finished: new Date().toISOString() }));
    return [...made, comment, this.steps(texts.finish, true, finish)];
  }

  thanks() {
    const { texts } = this;
    const state = element("p", { role: "status" });
    const debrief = element("div");
    this.thanksState = () => {
      const { thanksStored: stored, thanksWaiting: waiting, thanksFile } = this.texts;
      state.textContent = { stored, waiting }[this.post.state] ?? thanksFile;
      if (this.post.debrief && !debrief.firstChild) debrief.append(...this.debriefing());
    };
    const name = `answers-${this.document.listener}.json`;
    const text = () => JSON.stringify(this.document, null, 1);
    const file = () => new File([text()], name, { type: "application/json" });
    const buttons = [
      buttonOf(texts.save, () => handOut(file())),
      this.copyButton(texts.copy, text),
    ];
    if (navigator.canShare?.({ files: [file()] })) {
      const share = () => navigator.share({ files: [file()] }).catch(() => {}); // the file is there
      buttons.push(buttonOf(texts.share, share));
    }
    return [
      this.heading(texts.thanksTitle),
      state,
      element("div", { className: "steps" }, ...buttons),
      element("p", {}, texts.code),
      element("p", { className: "code" }, this.document.listener),
      element(
        "div",
        { className: "steps" },
        this.copyButton(texts.copyCode, () => this.document.listener),
        buttonOf(texts.erase, () => this.erase()),
        buttonOf(texts.again, () => this.startAgain()),
      ),
      debrief,
    ];
  }

  /** Makes a button that copies, or shows the text to copy where the browser forbids that. */
  copyButton(label, text) {
    const made = buttonOf(label, async () => {
      try {
        await navigator.clipboard.writeText(text());
        made.textContent = this.texts.copied;
      } catch {
        const field = element("textarea", { readOnly: true, rows: 3, value: text() });
        const shown = element("label", { className: "field" }, this.texts.byHand, field);
        made.parentNode.after(shown);
        made.disabled = true;
        field.select();
      }
    });
    return made;
  }

  /** Lists who wrote what, and what the listener thought. */
  debriefing() {
    const { texts } = this;
    const rows = piecesOf(this.survey, this.document).map((item) => {
      const grade = this.document.answers[item]?.grade ?? "–";
      const words = texts.grades[grade - 1] ?? texts.noAnswer;
      const [song, source] = this.post.debrief[soundOf(item)] ?? ["", ""];
      return element("li", {}, fill(texts.debriefLine, { song, source, grade, words }));
    });
    return [element("h2", {}, texts.debriefTitle), element("ol", {}, ...rows)];
  }

  async erase() {
    const { texts } = this;
    if (!globalThis.confirm(texts.eraseSure)) return;
    const gone = this.document;
    this.kept.forget();
    const sent = this.post.state !== "none";
    const done = !sent || (await this.post.erase(gone));
    this.restart();
    this.notice.textContent = done
      ? texts.erased
      : fill(texts.eraseFailed, { code: gone.listener });
  }

  /** Lets somebody else answer; what the one before has answered is sent already, or in a file. */
  startAgain() {
    if (this.post.state === "waiting" && !globalThis.confirm(this.texts.thanksWaiting)) return;
    this.restart();
  }

  restart() {
    this.kept.forget();
    this.thanksState = null;
    this.post.debrief = null;
    this.post.invitation = "";
    if (this.post.state !== "none") this.post.state = "waiting";
    this.document = newDocument(this.survey, this.lists, this.language);
    this.at = 0;
    history.replaceState({ at: 0, deep: 0 }, "");
    this.show();
  }
}

function startListening(root) {
  const held = (id) => JSON.parse(document.getElementById(id).textContent);
  const survey = held("survey");
  let storage = null;
  try {
    storage = globalThis.localStorage;
  } catch {
    // a browser that keeps nothing
  }
  const served = location.protocol.startsWith("http");
  const fetcher = served ? (...asked) => fetch(...asked) : null;
  const kept = new Kept(survey, storage);
  root.listening = new Listening(root, survey, held("lists"), kept, fetcher);
}

export { startListening };
