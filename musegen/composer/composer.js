// The composer: sliders over the latents of an autoencoder, and the player that plays them.
// Python (musegen/composer/__init__.py) decodes; everything else happens here. The state is
// { latent, threshold, tempo, instrument }: 120 numbers, and three more things one hears.

import { Player, element, notesFromCells } from "../player/player.js";

// --- States --------------------------------------------------------------------------------------
// A space: { mean, components, sigmas }. Components are the principal ones of the training songs'
// latents, each as long as one standard deviation.

const LEVELS = 256;

function makeSpace(mean, flat) {
  const components = [];
  for (let at = 0; at < flat.length; at += mean.length) {
    components.push(flat.subarray(at, at + mean.length));
  }
  return { mean, components, sigmas: components.map((c) => Math.sqrt(dot(c, c))) };
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Says where a latent lies along component k, in standard deviations from the mean. */
function coordinate(space, latent, k) {
  const { mean, components, sigmas } = space;
  let sum = 0;
  for (let i = 0; i < mean.length; i++) sum += (latent[i] - mean[i]) * components[k][i];
  return sum / sigmas[k] ** 2;
}

/** Moves a latent along component k only, so that it lies at `sigma`. */
function withCoordinate(space, latent, k, sigma) {
  const by = sigma - coordinate(space, latent, k);
  return latent.map((value, i) => value + by * space.components[k][i]);
}

/** Draws a latent from the normal distribution of the training songs' latents, times `sigma`. */
function randomLatent(space, sigma, random = Math.random) {
  const latent = Float32Array.from(space.mean);
  for (const component of space.components) {
    const z = sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    for (let i = 0; i < latent.length; i++) latent[i] += z * component[i];
  }
  return latent;
}

/** Goes a share of the way from one latent to another. */
function between(a, b, share) {
  return a.map((value, i) => value + share * (b[i] - value));
}

// What moving a slider to the right does to the roll, and from how much on one hears it (ours).
const CHANGES = [
  ["lower", "higher", 1], // semitones
  ["sparser", "denser", Math.log2(1.1)], // a tenth more cells sound
  ["earlier", "later", 0.25], // bars
];

/** Names a slider by what it does most: two words at the most. */
function nameOf(effect) {
  const changes = CHANGES.map(([less, more, least], i) => ({
    word: effect[i] > 0 ? more : less,
    size: Math.abs(effect[i]) / least,
  }));
  const heard = changes.filter(({ size }) => size >= 1).toSorted((a, b) => b.size - a.size);
  const words = heard.slice(0, 2).map(({ word }) => word);
  return words.join(", ") || "other notes";
}

/** Says in numbers what a slider does. */
function tellEffect([semitones, cells, bars], share) {
  const signed = (number) => (number > 0 ? "+" : "") + number.toFixed(1);
  return (
    `From -2 σ to 2 σ around the songs' mean: pitch ${signed(semitones)} semitones, ` +
    `sounding cells times ${(2 ** cells).toFixed(2)}, time ${signed(bars)} bars.` +
    (share && ` ${share} of the variance of the training songs' latents.`)
  );
}

/** Writes a state as the text of a file. */
function stateToText(state, run) {
  const latent = Array.from(state.latent, (value) => Number(value.toPrecision(7)));
  return JSON.stringify({ musegen: "composer", run, ...state, latent }, null, 1);
}

/** Reads a state back, or throws a sentence that says what is wrong with the file. */
function stateFromText(text, name, run, instruments, size) {
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not JSON; choose a file that “save sliders” wrote`);
  }
  if (read?.musegen !== "composer") {
    throw new Error(`${name} holds no sliders; choose a file that “save sliders” wrote`);
  }
  if (read.run !== run) {
    throw new Error(`${name} belongs to the network ${read.run}; this is ${run}`);
  }
  const { latent, threshold, tempo, instrument } = read;
  const finite = Array.isArray(latent) && latent.every(Number.isFinite) && latent.length === size;
  const inRange = threshold > 0 && threshold < 1 && tempo >= 40 && tempo <= 240;
  if (!finite || !inRange || !instruments.includes(instrument)) {
    throw new Error(`${name} is damaged: it needs ${size} numbers, threshold, tempo, instrument`);
  }
  return { latent: Float32Array.from(latent), threshold, tempo, instrument };
}

/** Makes the song that a state plays, of the cells that Python decoded. */
function songOf(setup, state, values) {
  const level = Math.max(1, Math.min(LEVELS - 1, Math.round(state.threshold * LEVELS)));
  const cells = { low: setup.low, level, levels: LEVELS, values };
  const { length, stepsPerBeat, colour, name } = setup;
  const notes = notesFromCells(cells, length);
  const title = `Composer, ${name}: ${notes.length} notes`;
  return { title, tempo: state.tempo, stepsPerBeat, length, colour, voices: 1, notes, cells };
}

// --- The page ------------------------------------------------------------------------------------

/** The composer in the element `root`; `ask(said, latent)` gives a promise of Python's answer. */
class Composer {
  constructor(root, ask, setup, [mean, components, songs]) {
    this.root = root;
    this.ask = ask;
    this.setup = setup;
    this.space = makeSpace(mean, components);
    this.songs = setup.songs.map((_, i) => songs.subarray(i * mean.length, (i + 1) * mean.length));
    this.undone = [];
    this.kept = `musegen composer ${setup.run}`; // the name under which a window keeps the state
    this.reset();
    this.build();
  }

  /** The songs' mean, the report's threshold and tempo, a piano. */
  reset() {
    const { threshold, tempo, instruments } = this.setup;
    const latent = Float32Array.from(this.space.mean);
    this.state = { latent, threshold, tempo, instrument: instruments[0] };
  }

  build() {
    this.root.classList.add("musegen-composer");
    this.nearest = element("div", { className: "nearest" }, "…");
    this.status = element("div", { className: "status", role: "status" });
    this.stage = element("div");
    this.root.replaceChildren(
      element("div", { className: "head" }, this.stage, this.nearest, this.status),
      element("div", { className: "row" }, ...this.buildButtons()),
      ...(this.songs.length ? [element("div", { className: "row" }, ...this.buildSongs())] : []),
      element("div", { className: "row" }, ...this.buildKnobs()),
      element("div", { className: "sliders" }, ...this.buildSliders()),
    );
    this.root.addEventListener("keydown", (event) => {
      event.stopPropagation(); // JupyterLab's own keys
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
    });
  }

  buildButtons() {
    const random = (sigma) => () => {
      this.remember();
      this.set({ latent: randomLatent(this.space, sigma) });
    };
    return [
      button("random, 1 σ", random(1)),
      button("random, 2 σ", random(2)),
      ...(this.songs.length ? [button("clean up", () => this.clean())] : []),
      button("undo", () => this.undo()),
      button("reset", () => {
        this.remember();
        this.reset();
        this.update();
      }),
      this.buildSaver("MIDI", ".mid"),
      this.buildSaver("mp3", ".mp3"),
      button("save sliders", () => this.saveState()),
      this.buildLoader(),
    ];
  }

  buildSaver(name, suffix) {
    const made = button(`save ${name}`, async () => {
      made.disabled = true;
      made.textContent = `saving ${name} …`;
      await this.save(suffix);
      made.textContent = `save ${name}`;
      made.disabled = false;
    });
    made.setAttribute("aria-live", "polite");
    return made;
  }

  buildLoader() {
    const input = element("input", { type: "file", accept: ".json" });
    input.onchange = async () => {
      const [file] = input.files;
      if (file) this.load(await file.text(), file.name);
      input.value = "";
    };
    return element("label", { className: "file" }, "load sliders", input);
  }

  buildSongs() {
    const choose = () =>
      element("select", {}, ...this.setup.songs.map((title) => element("option", {}, title)));
    const [one, from, to] = [choose(), choose(), choose()];
    to.selectedIndex = Math.min(1, this.songs.length - 1);
    const load = (i) => Float32Array.from(this.songs[i]);
    const walk = knob("walk", 0, 100, 1, (share) => {
      this.set({
        latent: between(load(from.selectedIndex), load(to.selectedIndex), share / 100),
      });
      return `${share} %`;
    });
    walk.input.addEventListener("pointerdown", () => this.remember());
    walk.input.value = 0;
    return [
      element("label", {}, "training song ", one),
      button("load", () => {
        this.remember();
        this.set({ latent: load(one.selectedIndex) });
      }),
      element("label", {}, "from ", from),
      element("label", {}, "to ", to),
      walk.label,
    ];
  }

  buildKnobs() {
    const { instruments } = this.setup;
    this.threshold = knob("threshold", 0.02, 0.98, 0.01, (threshold) => {
      this.set({ threshold });
      return threshold.toFixed(2);
    });
    this.tempo = knob("tempo", 40, 240, 1, (tempo) => {
      this.set({ tempo });
      return `${tempo} qpm`;
    });
    for (const { input } of [this.threshold, this.tempo]) {
      input.addEventListener("pointerdown", () => this.remember());
    }
    this.instrument = element(
      "select",
      {},
      ...instruments.map((name) => element("option", {}, name)),
    );
    this.instrument.onchange = () => this.set({ instrument: this.instrument.value });
    const label = element("label", {}, "instrument ", this.instrument);
    return [this.threshold.label, this.tempo.label, label];
  }

  buildSliders() {
    this.sliders = [];
    const { explained, effects } = this.setup;
    for (const [k, effect] of effects.entries()) {
      const name = element("span", {}, `${k + 1} ${nameOf(effect)} `);
      const share = this.songs.length ? `${(100 * explained[k]).toFixed(1)} %` : "";
      name.append(element("small", {}, share));
      const slider = knob(name, -5, 5, 0.05, (sigma) => {
        this.set({ latent: withCoordinate(this.space, this.state.latent, k, sigma) });
        return `${sigma.toFixed(1)} σ`;
      });
      slider.label.title = tellEffect(effect, share);
      slider.input.setAttribute("aria-description", slider.label.title);
      slider.input.addEventListener("pointerdown", () => this.remember());
      this.sliders.push(slider);
    }
    return this.sliders.map(({ label }) => label);
  }

  /** Lets `undo` come back to here. */
  remember() {
    this.undone.push(this.state);
    if (this.undone.length > 200) this.undone.shift();
  }

  undo() {
    if (!this.undone.length) return;
    this.state = this.undone.pop();
    this.update();
  }

  set(change) {
    this.state = { ...this.state, ...change };
    this.update(!change.latent); // another latent: what it plays is not known yet
  }

  /** Shows the state at once, and asks Python what it plays. */
  update(draw = true) {
    this.status.textContent = ""; // what was wrong before; an answer that comes late is no news of it
    this.threshold.show(this.state.threshold, this.state.threshold.toFixed(2));
    this.tempo.show(this.state.tempo, `${this.state.tempo} qpm`);
    this.instrument.value = this.state.instrument;
    this.sliders.forEach((slider, k) => {
      const sigma = coordinate(this.space, this.state.latent, k);
      slider.show(sigma, `${sigma.toFixed(1)} σ`);
    });
    this.keep();
    if (draw && this.values) this.draw();
    return this.refresh();
  }

  /** Keeps the state for a reload of this window. */
  keep() {
    try {
      sessionStorage.setItem(this.kept, stateToText(this.state, this.setup.run));
    } catch {
      // a browser that keeps nothing
    }
  }

  /** Goes on with what this window has kept. */
  recall() {
    try {
      this.state = this.read(sessionStorage.getItem(this.kept), this.kept);
    } catch {
      // nothing, or another network's
    }
    return this.update();
  }

  /** Says that nobody answers any more; what was heard last can still be played and kept. */
  lose(sentence) {
    this.status.textContent = sentence;
  }

  /** Asks for the newest state only: while an answer is on its way, what lies between is skipped. */
  async refresh() {
    this.wanted = true;
    if (this.asking) return;
    this.asking = true;
    while (this.wanted) {
      this.wanted = false;
      const { latent, threshold } = this.state;
      const answer = await this.tell({ ask: "play", threshold }, latent);
      if (!answer) break;
      const { title, bar, share } = answer.said.nearest;
      const percent = Math.round(100 * share);
      this.nearest.textContent = `nearest training song: ${title}, from bar ${bar}: ${percent} % of the cells in common`;
      this.values = new Uint8Array(answer.arrays[0]);
      this.draw();
    }
    this.asking = false;
  }

  draw() {
    const song = songOf(this.setup, this.state, this.values);
    if (this.player) this.player.show([song], this.state.instrument);
    else this.player = new Player(this.stage, [song], this.state.instrument, false);
  }

  /** Asks Python; shows its sentence if it cannot answer. */
  async tell(said, latent) {
    try {
      const answer = await this.ask(said, latent);
      if (answer.said.error) throw new Error(answer.said.error);
      return answer;
    } catch (error) {
      this.status.textContent = error.message;
      return null;
    }
  }

  async clean() {
    const { latent, threshold } = this.state;
    const answer = await this.tell({ ask: "clean", threshold }, latent);
    if (!answer) return;
    this.remember();
    this.set({ latent: new Float32Array(answer.arrays[0]) });
  }

  async save(suffix) {
    const { latent, threshold, tempo, instrument } = this.state;
    const asked = { ask: "save", threshold, tempo, instrument, suffix };
    const answer = await this.tell(asked, latent);
    if (answer) handOut(answer.said.file, answer.arrays[0]);
  }

  saveState() {
    handOut("composer.json", stateToText(this.state, this.setup.run));
  }

  read(text, name) {
    const { run, instruments } = this.setup;
    return stateFromText(text, name, run, instruments, this.space.mean.length);
  }

  load(text, name) {
    try {
      const state = this.read(text, name);
      this.remember();
      this.state = state;
      this.update();
    } catch (error) {
      this.status.textContent = error.message;
    }
  }

  close() {
    this.player?.close();
  }
}

const KEEP = "“save sliders” keeps what is here, to be loaded there.";

function button(label, act) {
  const made = element("button", { type: "button" }, label);
  made.onclick = act;
  return made;
}

/** Makes a labelled slider; `act(value)` gives what to say beside it. */
function knob(name, min, max, step, act) {
  const input = element("input", { type: "range", min, max, step });
  const said = element("span", { className: "said" });
  said.setAttribute("aria-hidden", "true");
  const say = (text) => {
    said.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.oninput = () => say(act(Number(input.value)));
  const show = (value, text) => {
    if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
    say(text);
  };
  const label = element("label", { className: "knob" }, element("span", {}, name), input, said);
  return { label, input, show };
}

/** Hands a file out as a download. */
function handOut(name, content) {
  const address = URL.createObjectURL(new Blob([content]));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

async function startComposer(root, ask) {
  const { said, arrays } = await ask({ ask: "start" });
  const numbers = arrays.map((array) => new Float32Array(array));
  const composer = new Composer(root, ask, said, numbers);
  await composer.recall();
  root.composer = composer;
  return composer;
}

/** Keeps questions and their answers together: `send(id, said, latent)` sends one off. */
function questions(send) {
  const waiting = new Map();
  let [last, over] = [0, ""];
  const ask = async (said, latent) => {
    if (over) throw new Error(over);
    return new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      send(last, said, latent);
    });
  };
  const answered = (id, said, arrays) => {
    waiting.get(id)?.resolve({ said, arrays });
    waiting.delete(id);
  };
  const lost = (sentence) => {
    over = sentence;
    for (const { reject } of waiting.values()) reject(new Error(sentence));
    waiting.clear();
  };
  return { ask, answered, lost };
}

/** Gives the bytes of a DataView or an array as an ArrayBuffer of their own. */
function ownBuffer(view) {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

/** As a widget: anywidget carries the questions to the kernel. */
function renderInNotebook({ model, el }) {
  el.dataset.lmSuppressShortcuts = "true";
  // The widget is shown in more than one place at times: each view asks with its own name.
  const view = Math.random();
  const { ask, answered, lost } = questions((id, said, latent) => {
    const buffers = latent ? [Float32Array.from(latent).buffer] : [];
    model.send({ id: [view, id], said }, undefined, buffers);
  });
  const hear = (message, buffers) => {
    if (message.id[0] === view) answered(message.id[1], message.said, buffers.map(ownBuffer));
  };
  const end = () => {
    const sentence = "The kernel has stopped; run this cell again. " + KEEP;
    lost(sentence);
    el.composer?.lose(sentence);
  };
  model.on("msg:custom", hear);
  model.on("comm_live_update", end); // as Jupyter's widgets call it
  const started = startComposer(el, ask);
  return () => {
    model.off("msg:custom", hear);
    model.off("comm_live_update", end);
    started.then((composer) => composer.close());
  };
}

/** As a page: a web socket carries the questions to `python -m musegen composer`. */
function renderInPage(root) {
  const socket = new WebSocket(`ws://${location.host}/ask`);
  socket.binaryType = "arraybuffer";
  const { ask, answered, lost } = questions((id, said, latent) => {
    const head = new TextEncoder().encode(JSON.stringify({ id, said }));
    const size = new Uint8Array(Uint32Array.of(head.length).buffer);
    socket.send(new Blob([size, head, latent ? Float32Array.from(latent) : ""]));
  });
  socket.onmessage = ({ data }) => {
    const size = new DataView(data).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size)));
    let at = 4 + size;
    const arrays = head.sizes.map((length) => data.slice(at, (at += length)));
    answered(head.id, head.said, arrays);
  };
  socket.onclose = () => {
    const sentence = "Python has stopped; start `python -m musegen composer` again. " + KEEP;
    lost(sentence);
    if (root.composer) root.composer.lose(sentence);
    else root.textContent = sentence;
  };
  socket.onopen = () => startComposer(root, ask).catch(() => {}); // said when the socket closes
}

export {
  Composer,
  between,
  coordinate,
  makeSpace,
  questions,
  randomLatent,
  renderInNotebook,
  renderInPage,
  nameOf,
  songOf,
  stateFromText,
  stateToText,
  withCoordinate,
};
