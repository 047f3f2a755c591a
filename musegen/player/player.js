// A piano-roll that plays: canvas and WebAudio, nothing else. musegen/player/__init__.py puts this
// file, player.css and the songs into one frame; musegen/composer/composer.js builds on it.
//
// A song here: { title, tempo, stepsPerBeat, length, colour, voices, notes, cells, marks, audio }. `notes`
// is a list of { onset, duration, pitch, voice } in steps, by onset; `voices` counts its voices.
// `cells` is null, or what a model said of each cell: { low, level, levels, values }, where `values`
// holds for each pitch from `low` up a row of `length` numbers in 0..levels-1, and a note sounds
// where the number is at least `level`. `marks` are passages { start, end, label }, in steps; `audio`
// is the address of the song as a sound file, if there is one.

const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const BEATS = 4; // in a bar: all songs are in 4/4
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// --- Songs ---------------------------------------------------------------------------------------

/** Names a pitch: 60 is C4. */
function noteName(pitch) {
  return NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
}

/** Writes seconds as 1:05. */
function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function stepSeconds(song) {
  return 60 / song.tempo / song.stepsPerBeat;
}

function songSeconds(song) {
  return song.length * stepSeconds(song);
}

/** Says in which bar and beat a step lies, both counted from 1. */
function placeOf(song, step) {
  const beat = Math.floor(step / song.stepsPerBeat + 1e-9);
  return `bar ${Math.floor(beat / BEATS) + 1}, beat ${(beat % BEATS) + 1}`;
}

/** Unpacks a song as Python packs it: columns of numbers, onsets as differences. */
function unpackSong(packed) {
  let onset = 0;
  const notes = packed.onset.map((since, i) => {
    onset += since;
    const voice = packed.voice ? packed.voice[i] : 0;
    return { onset, duration: packed.duration[i], pitch: packed.pitch[i], voice };
  });
  const { title, tempo, stepsPerBeat, length, colour, voices, audio } = packed;
  let cells = null;
  if (packed.cells) {
    const values = Uint8Array.from(packed.cells.values, (letter) => ALPHABET.indexOf(letter));
    cells = { low: packed.cells.low, level: packed.cells.level, levels: 64, values };
  }
  const marks = (packed.marks ?? []).map(([start, end, label]) => ({ start, end, label }));
  return { title, tempo, stepsPerBeat, length, colour, voices, notes, cells, marks, audio };
}

/** Reads the notes off the cells: one starts where a pitch comes up to the level. */
function notesFromCells(cells, length) {
  const notes = [];
  for (let row = 0; row * length < cells.values.length; row++) {
    let onset = -1;
    for (let step = 0; step <= length; step++) {
      const sounds = step < length && cells.values[row * length + step] >= cells.level;
      if (sounds && onset < 0) onset = step;
      if (!sounds && onset >= 0) {
        notes.push({ onset, duration: step - onset, pitch: cells.low + row, voice: 0 });
        onset = -1;
      }
    }
  }
  return notes.toSorted((a, b) => a.onset - b.onset || a.pitch - b.pitch);
}

/** Finds the lowest and highest pitch to show: all notes, likely cells, at least two octaves. */
function pitchRange(songs) {
  let low = 127;
  let high = 0;
  for (const song of songs) {
    for (const { pitch } of song.notes) {
      low = Math.min(low, pitch);
      high = Math.max(high, pitch);
    }
    if (!song.cells) continue;
    const { values, levels } = song.cells;
    for (let i = 0; i < values.length; i++) {
      if (values[i] < levels / 10) continue;
      const pitch = song.cells.low + Math.floor(i / song.length);
      low = Math.min(low, pitch);
      high = Math.max(high, pitch);
    }
  }
  if (low > high) [low, high] = [60, 60];
  const room = Math.max(1, Math.ceil((24 - (high - low)) / 2));
  low = Math.max(0, Math.min(low - room, 127 - 24));
  return { low, high: Math.min(127, Math.max(high + room, low + 24)) };
}

/** Zooms a view { from, to } around the second `at`, within 0..end and no closer than a second. */
function zoomed(view, factor, at, end) {
  const most = Math.max(end, 1e-3);
  const span = Math.min(most, Math.max(Math.min(1, most), (view.to - view.from) / factor));
  const share = (at - view.from) / (view.to - view.from);
  return moved({ from: at - share * span, to: at + (1 - share) * span }, 0, end);
}

/** Moves a view by some seconds, and stops at the ends of the song. */
function moved(view, by, end) {
  const span = view.to - view.from;
  const from = Math.max(0, Math.min(view.from + by, Math.max(end, 1e-3) - span));
  return { from, to: from + span };
}

/** Lists the notes that begin or still sound in from..to, in steps; `notes` are by onset. */
function notesWithin(notes, from, to) {
  return notes.filter((note) => note.onset < to && note.onset + note.duration > from);
}

/** Lists the labels of the marked passages in which a step lies. */
function marksAt(song, step) {
  const within = (song.marks ?? []).filter(({ start, end }) => start <= step && step < end);
  return within.map(({ label }) => label);
}

// --- Sound ---------------------------------------------------------------------------------------
// Every tone is a sum of decaying sines. Parameters are ours, set by ear and by comparing
// spectrograms with a SoundFont's piano (tests/test_browser.py).

const INSTRUMENTS = {
  piano: { decay: 1, bright: 1, stiff: 1, knock: 1, release: 0.12, level: 1 },
  harpsichord: { decay: 0.6, bright: 3.5, stiff: 0.5, knock: 0.6, release: 0.06, level: 0.6 },
  "music box": { decay: 0.8, bright: 0.5, stiff: 40, knock: 0.5, release: 0.5, level: 0.9 },
  organ: { held: [1, 0.7, 0.45, 0.4, 0, 0.2, 0, 0.15], attack: 0.03, release: 0.1, level: 0.28 },
  strings: {
    held: [1, 0.6, 0.45, 0.3, 0.22, 0.16, 0.12, 0.09, 0.06],
    chorus: true,
    attack: 0.12,
    release: 0.3,
    level: 0.3,
  },
};
const RATE = 24000; // samples a second of a tone: partials up to 11 kHz
const LOOP = 4; // seconds after which a held tone repeats

function frequency(pitch) {
  return 440 * 2 ** ((pitch - 69) / 12);
}

/** Adds a sine that decays to 1/e in `decay` seconds, by turning a vector on. */
function addSine(samples, rate, hertz, amplitude, decay, phase) {
  const turn = (2 * Math.PI * hertz) / rate;
  const shrink = decay ? Math.exp(-1 / (decay * rate)) : 1;
  const [c, s] = [shrink * Math.cos(turn), shrink * Math.sin(turn)];
  let [x, y] = [amplitude * Math.cos(phase), amplitude * Math.sin(phase)];
  for (let i = 0; i < samples.length; i++) {
    samples[i] += y;
    const before = x; // a swap by destructuring takes twice as long
    x = c * x - s * y;
    y = s * before + c * y;
  }
}

/** Makes a struck tone: partials of a stiff string, each with a quick and a slow decay. */
function struckTone(sound, pitch, rate, longest) {
  const base = frequency(pitch);
  const slow = sound.decay * Math.min(6, 3.5 * 2 ** ((60 - pitch) / 20)); // seconds to 1/e
  const quick = sound.decay * 0.45 * 2 ** ((60 - pitch) / 28);
  const seconds = Math.max(0.7, Math.min(7, 3.2 * slow, longest));
  const samples = new Float32Array(Math.ceil(rate * seconds));
  const stiffness = sound.stiff * 7e-5 * 2 ** ((pitch - 36) / 8.5);
  const steep = 0.5 + Math.max(0, (pitch - 66) / 12) / sound.bright; // high strings: few partials
  for (let n = 1; n <= 60; n++) {
    const hertz = n * base * Math.sqrt((1 + stiffness * n * n) / (1 + stiffness));
    if (hertz > 0.46 * rate) break;
    const struck = Math.abs(Math.sin((Math.PI * n) / 7.6)) + 0.1; // the hammer hits at 1/7.6
    const amplitude = (struck * Math.exp(-(hertz - base) / (1500 * sound.bright))) / n ** steep;
    if (amplitude < 1e-3) continue;
    const shorter = 1 + 0.15 * (n - 1) + (hertz / 5000) ** 2;
    // Two strings, a trifle apart: they beat, and the note sings on after its first decay.
    addSine(samples, rate, hertz * 0.99985, 0.8 * amplitude, quick / shorter ** 0.5, 0);
    addSine(samples, rate, hertz * 1.00015, 0.2 * amplitude, slow / shorter, 0);
  }
  addKnock(samples, rate, sound.knock);
  return settle(samples, rate);
}

/** Adds the thud of a hammer: a few milliseconds of dull noise, the same each time. */
function addKnock(samples, rate, amount) {
  let seed = 1;
  let dull = 0;
  for (let i = 0; i < Math.min(samples.length, 0.06 * rate); i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    dull += 0.12 * (seed / 2 ** 31 - dull);
    samples[i] += 0.5 * amount * dull * Math.exp(-i / (0.012 * rate));
  }
}

/** Brings a struck tone to one loudness, without a click at either end. */
function settle(samples, rate) {
  const first = samples.subarray(0, Math.round(rate / 3));
  const power = first.reduce((sum, value) => sum + value * value, 0) / first.length;
  const gain = 0.1 / Math.sqrt(power + 1e-12);
  const [rise, fall] = [Math.round(0.002 * rate), Math.round(0.1 * rate)];
  for (let i = 0; i < samples.length; i++) {
    samples[i] *= gain * Math.min(1, i / rise, (samples.length - 1 - i) / fall);
  }
  return samples;
}

/** Makes a held tone that can be looped: all its sines fit a whole number of times. */
function heldTone(sound, pitch, rate) {
  const samples = new Float32Array(rate * LOOP);
  const base = frequency(pitch);
  const apart = sound.chorus ? [0.9975, 1, 1.0025] : [1];
  sound.held.forEach((amplitude, i) => {
    for (const tuning of apart) {
      const hertz = Math.round(base * (i + 1) * tuning * LOOP) / LOOP;
      if (!amplitude || hertz > 0.46 * rate) continue;
      addSine(samples, rate, hertz, amplitude / apart.length, 0, 1.7 * i + 40 * tuning);
    }
  });
  const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
  return samples.map((value) => (0.1 * value) / Math.sqrt(power + 1e-12));
}

/** Makes the samples of one tone, a struck one no longer than it is needed: it takes time. */
function tone(instrument, pitch, rate = RATE, longest = Infinity) {
  const sound = INSTRUMENTS[instrument];
  return (sound.held ? heldTone : struckTone)(sound, pitch, rate, longest);
}

/** A room, and an instrument in it: plays notes into an AudioContext, a live or an offline one. */
class Sound {
  constructor(context, instrument = "piano") {
    this.context = context;
    this.instrument = instrument;
    this.buffers = new Map();
    this.analyser = context.createAnalyser();
    const limiter = context.createDynamicsCompressor();
    limiter.threshold.value = -14;
    limiter.ratio.value = 5;
    const room = context.createConvolver();
    room.buffer = this.echo();
    const wet = context.createGain();
    wet.gain.value = 0.22;
    this.input = context.createGain();
    this.input.gain.value = 0.6;
    this.input.connect(limiter);
    this.input.connect(room).connect(wet).connect(limiter);
    limiter.connect(this.analyser).connect(context.destination);
    this.take = this.newTake();
  }

  /** The answer of a small room: a second of noise that fades, on each side another. */
  echo() {
    const { sampleRate } = this.context;
    const buffer = this.context.createBuffer(2, sampleRate, sampleRate);
    let seed = 7;
    for (const side of [0, 1]) {
      const samples = buffer.getChannelData(side);
      let dull = 0;
      for (let i = 0; i < samples.length; i++) {
        seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
        dull += 0.35 * (seed / 2 ** 31 - dull);
        const rise = Math.min(1, i / (0.008 * sampleRate));
        samples[i] = rise * dull * Math.exp((-5.5 * i) / sampleRate);
      }
    }
    return buffer;
  }

  newTake() {
    const take = this.context.createGain();
    take.connect(this.input);
    return take;
  }

  /** Silences all that sounds or is about to, within some milliseconds. */
  hush() {
    const { take, context } = this;
    take.gain.setTargetAtTime(0, context.currentTime, 0.015);
    setTimeout(() => take.disconnect(), 200);
    this.take = this.newTake();
  }

  /** Gives a tone of at least some seconds, where it does not die away before. */
  buffer(pitch, seconds) {
    const key = `${this.instrument} ${pitch}`;
    const longest = 2 ** Math.ceil(Math.log2(seconds));
    const made = this.buffers.get(key);
    if (made?.longest >= longest) return made.buffer;
    const samples = tone(this.instrument, pitch, RATE, longest);
    const buffer = this.context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    this.buffers.set(key, { buffer, longest });
    return buffer;
  }

  /** Plays a note at a time of the context, for some seconds. */
  play(pitch, when, seconds, loudness = 1) {
    const { context } = this;
    const sound = INSTRUMENTS[this.instrument];
    const source = context.createBufferSource();
    source.buffer = this.buffer(pitch, seconds + 5 * sound.release);
    source.loop = Boolean(sound.held);
    const envelope = context.createGain();
    const full = loudness * sound.level;
    const end = when + seconds;
    envelope.gain.setValueAtTime(sound.attack ? 0 : full, when);
    if (sound.attack) envelope.gain.linearRampToValueAtTime(full, when + sound.attack);
    envelope.gain.setTargetAtTime(0, Math.max(end, when + (sound.attack || 0)), sound.release / 2);
    const side = context.createStereoPanner();
    side.pan.value = Math.max(-0.4, Math.min(0.4, (pitch - 62) / 60)); // as a pianist hears it
    source.connect(envelope).connect(side).connect(this.take);
    source.start(when);
    source.stop(end + 5 * sound.release);
  }
}

/** Renders songs as the page plays them; gives an AudioBuffer. */
async function renderOffline(song, instrument = "piano", rate = 44100) {
  const context = new OfflineAudioContext(2, Math.ceil(rate * (songSeconds(song) + 1)), rate);
  const sound = new Sound(context, instrument);
  const step = stepSeconds(song);
  for (const note of song.notes) {
    sound.play(note.pitch, note.onset * step, note.duration * step);
  }
  return context.startRendering();
}

// --- Pictures ------------------------------------------------------------------------------------

const RULER = 18; // pixels: the bar numbers
const STRIP = 17; // the title of a song
const NOTES = ["note-1", "note-2", "note-3", "note-4"];
const GAP = 8; // between two songs

/** Draws songs one above the other on one time axis: notes below, playhead above. */
class Roll {
  constructor(songs, view) {
    this.below = document.createElement("canvas");
    this.above = document.createElement("canvas");
    this.view = view;
    this.show(songs);
  }

  show(songs) {
    const before = this.range ?? { low: 127, high: 0 };
    const { low, high } = pitchRange(songs);
    this.songs = songs;
    // It only grows: keys that jump while one drags a slider would be in the way.
    this.range = { low: Math.min(low, before.low), high: Math.max(high, before.high) };
    this.shades = songs.map((song) => song.cells && this.shade(song));
  }

  /** Reads the colours of colours.css as they are now. */
  read() {
    const style = getComputedStyle(this.below);
    const names = "raised ink quiet roll grid octave mark playhead off".split(" ");
    names.push(...NOTES);
    this.colours = Object.fromEntries(
      names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
  }

  /** Fits both canvases to a width in CSS pixels. */
  resize(width) {
    this.read();
    const lane = this.songs.length > 1 ? 140 : 190;
    this.width = width;
    this.keys = width < 480 ? 38 : 46;
    this.lane = lane;
    this.height = RULER + this.songs.length * (STRIP + lane + GAP) - GAP;
    const dense = globalThis.devicePixelRatio || 1;
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(this.height * dense);
      canvas.style.height = `${this.height}px`;
      canvas.getContext("2d").setTransform(dense, 0, 0, dense, 0, 0);
    }
  }

  x(second) {
    const { from, to } = this.view;
    return this.keys + ((second - from) / (to - from)) * (this.width - this.keys);
  }

  second(x) {
    const { from, to } = this.view;
    return from + ((x - this.keys) / (this.width - this.keys)) * (to - from);
  }

  top(lane) {
    return RULER + STRIP + lane * (STRIP + this.lane + GAP);
  }

  rowHeight() {
    return this.lane / (this.range.high - this.range.low + 1);
  }

  y(lane, pitch) {
    return this.top(lane) + (this.range.high - pitch) * this.rowHeight();
  }

  /** Tells which song and pitch lie under a point; null beside the rolls. */
  at(x, y) {
    for (let lane = 0; lane < this.songs.length; lane++) {
      const row = Math.floor((y - this.top(lane)) / this.rowHeight());
      const pitch = this.range.high - row;
      if (row >= 0 && pitch >= this.range.low) {
        return { lane, song: this.songs[lane], pitch, onKeys: x < this.keys };
      }
    }
    return null;
  }

  /** Turns what the model said into a picture of one pixel a cell. */
  shade(song) {
    const { values, levels, low } = song.cells;
    const rows = values.length / song.length;
    const picture = document.createElement("canvas");
    picture.width = song.length;
    picture.height = rows;
    const pen = picture.getContext("2d");
    const image = pen.createImageData(song.length, rows);
    const pixels = new Uint32Array(image.data.buffer); // alpha, blue, green, red
    for (let row = 0; row < rows; row++) {
      const from = row * song.length;
      const to = (rows - 1 - row) * song.length; // high pitches on top
      for (let step = 0; step < song.length; step++) {
        pixels[to + step] = ((150 * values[from + step]) / levels) << 24;
      }
    }
    pen.putImageData(image, 0, 0);
    return { picture, low, high: low + rows - 1 };
  }

  drawBelow(silent, unheard) {
    const pen = this.below.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    this.songs.forEach((song, lane) => {
      pen.save();
      pen.beginPath();
      pen.rect(this.keys, this.top(lane), this.width - this.keys, this.lane);
      pen.clip();
      this.drawRows(pen, lane);
      this.drawMarks(pen, song, lane);
      this.drawBars(pen, song, lane);
      this.drawShade(pen, song, lane);
      this.drawNotes(pen, song, lane, silent, unheard.has(lane));
      pen.restore();
      this.drawTitle(pen, song, lane);
      this.drawKeys(pen, lane);
    });
    this.drawRuler(pen);
  }

  drawRows(pen, lane) {
    const { roll, grid, octave } = this.colours;
    pen.fillStyle = roll;
    pen.fillRect(this.keys, this.top(lane), this.width, this.lane);
    for (let pitch = this.range.low; pitch <= this.range.high; pitch++) {
      if (BLACK.has(pitch % 12)) {
        pen.fillStyle = grid;
        pen.globalAlpha = 0.5;
        pen.fillRect(this.keys, this.y(lane, pitch), this.width, this.rowHeight());
        pen.globalAlpha = 1;
      }
      if (pitch % 12 === 0) {
        pen.fillStyle = octave;
        pen.fillRect(this.keys, this.y(lane, pitch - 1) - 0.5, this.width, 1);
      }
    }
  }

  /** Lays a band behind each marked passage, and its label where the band is wide enough. */
  drawMarks(pen, song, lane) {
    const step = stepSeconds(song);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "top";
    pen.textAlign = "left";
    for (const { start, end, label } of song.marks ?? []) {
      const [left, right] = [this.x(start * step), this.x(end * step)];
      pen.fillStyle = this.colours.mark;
      pen.fillRect(left, this.top(lane), right - left, this.lane);
      pen.fillStyle = this.colours.ink;
      pen.fillRect(left - 0.5, this.top(lane), 1, this.lane);
      const said = shortened(pen, label, right - left - 6);
      pen.fillText(said, Math.max(left, this.keys) + 3, this.top(lane) + 2);
    }
  }

  /** Chooses how many bars apart the lines and numbers stand, so that they do not crowd. */
  barsApart(song) {
    const width = this.x(songSeconds({ ...song, length: BEATS * song.stepsPerBeat })) - this.x(0);
    let apart = 1;
    while (apart * width < 26) apart *= 2;
    return { apart, width };
  }

  drawBars(pen, song, lane) {
    const bar = BEATS * song.stepsPerBeat * stepSeconds(song);
    const { apart, width } = this.barsApart(song);
    const beats = width > 90 ? BEATS : 1;
    const first = Math.max(0, Math.floor(this.view.from / bar / apart) * apart);
    for (let n = first; n * bar <= Math.min(this.view.to, songSeconds(song)); n += apart) {
      for (let beat = 0; beat < beats; beat++) {
        pen.fillStyle = beat ? this.colours.grid : this.colours.octave;
        pen.fillRect(this.x((n + beat / BEATS) * bar) - 0.5, this.top(lane), 1, this.lane);
      }
    }
  }

  drawShade(pen, song, lane) {
    const shade = this.shades[lane];
    if (!shade) return;
    const tint = shade.picture.getContext("2d");
    tint.globalCompositeOperation = "source-in";
    tint.fillStyle = this.colours.quiet;
    tint.fillRect(0, 0, shade.picture.width, shade.picture.height);
    pen.imageSmoothingEnabled = false;
    const [left, right] = [this.x(0), this.x(songSeconds(song))];
    const [top, bottom] = [this.y(lane, shade.high), this.y(lane, shade.low - 1)];
    pen.drawImage(shade.picture, left, top, right - left, bottom - top);
  }

  drawNotes(pen, song, lane, silent, unheard) {
    const step = stepSeconds(song);
    const height = Math.max(1.5, this.rowHeight() - (this.rowHeight() > 4 ? 1 : 0));
    const within = notesWithin(song.notes, this.view.from / step, this.view.to / step);
    for (const note of within) {
      const left = this.x(note.onset * step);
      const right = this.x((note.onset + note.duration) * step);
      const off = unheard || silent.has(note.voice);
      pen.fillStyle = off ? this.colours.off : this.colourOf(song, note.voice);
      // A gap where a note starts, so that repeated notes are seen.
      const width = Math.max(0.8, right - left - (right - left > 3 ? 1 : 0));
      pen.fillRect(left, this.y(lane, note.pitch), width, height);
    }
  }

  drawTitle(pen, song, lane) {
    pen.font = "600 12px system-ui, sans-serif";
    pen.fillStyle = this.colours.ink;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    const number = this.songs.length > 1 ? `${lane + 1}  ` : "";
    const title = shortened(pen, number + song.title, this.width - this.keys - 8);
    pen.fillText(title, this.keys + 2, this.top(lane) - STRIP / 2);
  }

  /** Draws the keys in the left half of their strip and the names of the Cs beside them. */
  drawKeys(pen, lane, sounding = new Set()) {
    const { raised, quiet, octave, playhead } = this.colours;
    const high = this.rowHeight();
    const wide = (this.keys - 2) / 2;
    pen.fillStyle = raised;
    pen.fillRect(0, this.top(lane), this.keys - 2, this.lane);
    pen.font = "10px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (let pitch = this.range.low; pitch <= this.range.high; pitch++) {
      const black = BLACK.has(pitch % 12);
      const y = this.y(lane, pitch);
      if (black || sounding.has(pitch)) {
        pen.fillStyle = sounding.has(pitch) ? playhead : quiet;
        pen.fillRect(0, y, wide, high);
      }
      if (pitch % 12 === 0 || (pitch % 12 === 5 && high > 5)) {
        pen.fillStyle = octave;
        pen.fillRect(0, y + high - 0.5, wide, 1);
      }
      if (pitch % 12 === 0) {
        pen.fillStyle = quiet;
        pen.fillText(noteName(pitch), this.keys - 5, y + high / 2);
      }
    }
  }

  drawRuler(pen) {
    const song = this.songs[0];
    const bar = BEATS * song.stepsPerBeat * stepSeconds(song);
    const { apart } = this.barsApart(song);
    const first = Math.max(0, Math.floor(this.view.from / bar / apart) * apart);
    pen.font = "10px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.fillStyle = this.colours.quiet;
    pen.fillText("bar", 4, RULER / 2);
    for (let n = first; n * bar < Math.min(this.view.to, songSeconds(song)); n += apart) {
      const x = this.x(n * bar);
      if (x >= this.keys) pen.fillText(n + 1, x + 2, RULER / 2);
    }
  }

  /** Draws what moves: the playhead, and what sounds under it. */
  drawAbove(second, playing, unheard, silent) {
    const pen = this.above.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    this.songs.forEach((song, lane) => {
      if (!playing || unheard.has(lane)) return;
      const now = second / stepSeconds(song);
      const heard = notesWithin(song.notes, now, now + 1e-6).filter((n) => !silent.has(n.voice));
      pen.fillStyle = this.colours.playhead;
      for (const note of heard) {
        const left = Math.max(this.keys, this.x(note.onset * stepSeconds(song)));
        const right = this.x((note.onset + note.duration) * stepSeconds(song));
        pen.fillRect(left, this.y(lane, note.pitch), right - left, this.rowHeight());
      }
      if (heard.length) this.drawKeys(pen, lane, new Set(heard.map((note) => note.pitch)));
    });
    const x = this.x(second);
    if (x < this.keys || x > this.width) return;
    pen.fillStyle = this.colours.playhead;
    pen.fillRect(x - 0.75, RULER - 4, 1.5, this.height - RULER + 4);
    pen.beginPath();
    pen.moveTo(x - 5, RULER - 9);
    pen.lineTo(x + 5, RULER - 9);
    pen.lineTo(x, RULER - 2);
    pen.fill();
  }

  /** Gives a voice its colour, or a song of one voice its source's, which ink sets off the roll. */
  colourOf(song, voice) {
    if (song.voices > 1) return this.colours[NOTES[voice % NOTES.length]];
    return `color-mix(in srgb, ${song.colour} 70%, ${this.colours.ink})`;
  }
}

function shortened(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}

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

// --- The player ----------------------------------------------------------------------------------

const AHEAD = 1.6; // seconds scheduled in advance: hidden pages wake only once a second
const AT_FIRST = 0.25; // the same at the start, when each tone has still to be made
const PATIENCE = 1500; // milliseconds until one is told that nothing sounds
const PLAYING = "musegen: a player starts";
const KEYS =
  "Space plays and pauses. The arrows go a beat, with Shift a bar, Home and End to the ends. " +
  "Plus and minus zoom, 0 shows all.";

/** A piano-roll with its controls, in the element `root`; `slider`: one of its own for thresholds. */
class Player {
  constructor(root, songs, instrument = "piano", slider = true) {
    this.root = root;
    this.slider = slider;
    this.songs = songs;
    this.instrument = instrument;
    this.position = 0; // seconds, while paused
    this.playing = false;
    this.silent = new Set(); // voices
    this.unheard = new Set(songs.map((_, lane) => lane).slice(1)); // songs: one hears the first
    this.end = Math.max(...songs.map(songSeconds));
    this.roll = new Roll(songs, { from: 0, to: Math.max(this.end, 1e-3) });
    this.build();
    this.listen();
    this.resize();
  }

  build() {
    const name = this.songs.map((song) => song.title).join("; ");
    const about = { role: "group", "aria-label": `Player: ${name}`, "aria-description": KEYS };
    for (const [key, value] of Object.entries(about)) this.root.setAttribute(key, value);
    this.root.classList.add("musegen-player");
    this.root.tabIndex = 0;
    this.button = element("button", { className: "play", type: "button" });
    this.place = element("input", { className: "place", type: "range", min: 0, step: "any" });
    this.place.setAttribute("aria-label", "position");
    this.time = element("span", { className: "time" });
    this.controls = element("div", { className: "controls" }, this.button, this.place, this.time);
    this.hint = element("div", { className: "hint", hidden: true });
    this.silence = element("p", { className: "silence", role: "alert", hidden: true });
    this.roll.above.setAttribute("role", "img");
    this.roll.above.setAttribute("aria-label", `Piano-roll of ${name}`);
    const { below, above } = this.roll;
    this.stage = element("div", { className: "stage" }, below, above, this.hint);
    this.root.append(this.stage, this.controls, this.silence);
    this.addSongs();
    this.addVoices();
    this.addThreshold();
    this.button.onclick = () => this.toggle();
    this.place.oninput = () => this.seek(Number(this.place.value));
    this.sayState();
  }

  /** Lets one choose which of several songs is heard. */
  addSongs() {
    if (this.songs.length < 2) return;
    this.songs.forEach((song, lane) => {
      const button = this.addToggle(`hear ${lane + 1}`, !this.unheard.has(lane));
      button.title = song.title;
      button.onclick = () => {
        this.switch(button, this.unheard, lane);
      };
    });
  }

  addVoices() {
    const voices = Math.max(...this.songs.map((song) => song.voices));
    if (voices < 2) return;
    for (let voice = 0; voice < voices; voice++) {
      const button = this.addToggle(`voice ${voice + 1}`, true);
      button.style.setProperty("--colour", `var(--${NOTES[voice % NOTES.length]})`);
      button.onclick = () => this.switch(button, this.silent, voice);
    }
  }

  addToggle(label, on) {
    const button = element("button", { type: "button", className: "toggle" }, label);
    button.setAttribute("aria-pressed", on);
    this.controls.append(button);
    return button;
  }

  switch(button, off, what) {
    if (!off.delete(what)) off.add(what);
    button.setAttribute("aria-pressed", !off.has(what));
    this.changed();
  }

  /** Adds the slider that says how sure the model must be, where there is a model. */
  addThreshold() {
    const modelled = this.songs.filter((song) => song.cells);
    if (!modelled.length || !this.slider) return;
    const { level, levels } = modelled[0].cells;
    const slider = element("input", { type: "range", min: 1, max: levels - 1, value: level });
    const said = element("output");
    const say = () => {
      const counts = modelled.map((song) => song.notes.length).join(", ");
      said.textContent = `${(slider.value / levels).toFixed(2)}, ${counts} notes`;
    };
    slider.oninput = () => {
      for (const song of modelled) {
        song.cells.level = Number(slider.value);
        song.notes = notesFromCells(song.cells, song.length);
      }
      say();
      this.changed();
    };
    say();
    this.controls.append(element("label", { className: "threshold" }, "threshold", slider, said));
  }

  /** Takes other songs in, or the same ones changed; goes on playing where it was. */
  show(songs, instrument = this.instrument) {
    const before = this.end;
    const where = this.now() / (before || 1);
    const { from, to } = this.roll.view;
    this.songs = songs;
    this.instrument = instrument;
    this.end = Math.max(...songs.map(songSeconds));
    this.roll.show(songs);
    if (this.end !== before) {
      const scale = this.end / (before || 1);
      this.roll.view = { from: from * scale, to: Math.max(to * scale, 1e-3) };
      this.position = where * this.end;
      if (this.playing) this.began = this.sound.context.currentTime - this.position;
    }
    this.changed();
  }

  /** Draws at once; what sounds follows when a hand that drags a slider rests for a moment. */
  changed() {
    this.roll.drawBelow(this.silent, this.unheard);
    this.drawAbove();
    this.sayState();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.playing && this.seek(this.now()), 80);
  }

  listen() {
    const { above } = this.roll;
    above.addEventListener("pointerdown", (event) => this.press(event));
    above.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      above.addEventListener(name, (event) => this.release(event));
    }
    above.addEventListener("pointerleave", () => {
      this.hint.hidden = true;
    });
    above.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    above.addEventListener("dblclick", () => this.look({ from: 0, to: Math.max(this.end, 1e-3) }));
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.fingers = new Map();
    this.id = Math.random();
    this.onMessage = ({ data }) => {
      if (data?.musegen === PLAYING && data.id !== this.id) this.pause();
    };
    this.onLeave = () => this.pause();
    globalThis.addEventListener("message", this.onMessage);
    globalThis.addEventListener("pagehide", this.onLeave);
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.stage);
    this.schemes = ["prefers-color-scheme: dark", "forced-colors: active"].map((scheme) =>
      globalThis.matchMedia(`(${scheme})`),
    );
    this.onScheme = () => {
      this.roll.read();
      this.look(this.roll.view);
    };
    for (const scheme of this.schemes) scheme.addEventListener("change", this.onScheme);
  }

  /** Stops the sound and lets go of the page. */
  close() {
    this.pause();
    this.watcher.disconnect();
    for (const scheme of this.schemes) scheme.removeEventListener("change", this.onScheme);
    globalThis.removeEventListener("message", this.onMessage);
    globalThis.removeEventListener("pagehide", this.onLeave);
    this.sound?.context.close();
  }

  resize() {
    const width = this.stage.clientWidth;
    if (!width || width === this.roll.width) return;
    this.roll.resize(width);
    this.stage.style.height = `${this.roll.height}px`;
    this.roll.drawBelow(this.silent, this.unheard);
    this.drawAbove();
  }

  // Time

  now() {
    return this.playing ? this.sound.context.currentTime - this.began : this.position;
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  play() {
    try {
      this.sound ||= new Sound(new AudioContext(), this.instrument);
    } catch {
      this.saySilence();
      return;
    }
    const { context } = this.sound;
    const before = context.currentTime;
    context.resume();
    this.silence.hidden = true;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => context.currentTime === before && this.saySilence(), PATIENCE);
    if (this.position >= this.end - 0.01) this.position = 0;
    tellAll(globalThis.top ?? globalThis, { musegen: PLAYING, id: this.id });
    this.playing = true;
    this.start();
    this.sayState();
    requestAnimationFrame(() => this.frame());
  }

  pause() {
    if (!this.playing) return;
    this.position = Math.max(0, Math.min(this.now(), this.end));
    this.playing = false;
    clearInterval(this.timer);
    this.sound.hush();
    this.drawAbove();
    this.sayState();
  }

  /** Says that nothing sounds, and where the songs lie as sound files. */
  saySilence() {
    this.pause();
    const files = this.songs.filter((song) => song.audio);
    const links = files.map(({ audio, title }) =>
      element("a", { href: audio, target: "_top" }, `${title} (mp3)`),
    );
    const said = "This browser gives the page no sound: allow it, or look for the output device.";
    this.silence.replaceChildren(said, ...links.flatMap((link) => [" ", link]));
    this.silence.hidden = false;
  }

  seek(second) {
    this.position = Math.max(0, Math.min(second, this.end));
    if (this.playing) {
      this.sound.hush();
      this.start();
    }
    this.drawAbove();
    this.sayState();
  }

  /** Schedules from `position` on: what already sounds there at once, the rest as it comes. */
  start() {
    clearInterval(this.timer);
    this.sound.instrument = this.instrument;
    this.began = this.sound.context.currentTime + 0.06 - this.position;
    this.scheduled = this.position;
    this.schedule(true);
    this.timer = setInterval(() => this.schedule(), 100);
  }

  schedule(first = false) {
    const until = Math.max(this.now(), this.scheduled) + (first ? AT_FIRST : AHEAD);
    this.songs.forEach((song, lane) => {
      if (this.unheard.has(lane)) return;
      const step = stepSeconds(song);
      for (const note of notesWithin(song.notes, this.scheduled / step, until / step)) {
        const [from, to] = [note.onset * step, (note.onset + note.duration) * step];
        if (this.silent.has(note.voice) || (from < this.scheduled && !first)) continue;
        const begin = Math.max(from, this.scheduled);
        this.sound.play(note.pitch, this.began + begin, to - begin);
      }
    });
    this.scheduled = until;
  }

  frame() {
    if (!this.playing) return;
    if (this.now() >= this.end) {
      this.pause();
      return;
    }
    this.follow();
    this.drawAbove();
    this.sayTime();
    requestAnimationFrame(() => this.frame());
  }

  /** Turns the page when the playhead leaves it. */
  follow() {
    const { from, to } = this.roll.view;
    if (this.fingers.size || (this.now() >= from && this.now() < to)) return;
    this.look(moved(this.roll.view, this.now() - from, this.end));
  }

  look(view) {
    this.roll.view = view;
    this.roll.drawBelow(this.silent, this.unheard);
    this.drawAbove();
  }

  drawAbove() {
    if (this.roll.width) {
      this.roll.drawAbove(this.now(), this.playing, this.unheard, this.silent);
    }
  }

  sayState() {
    this.button.textContent = this.playing ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.playing ? "pause" : "play");
    this.root.dataset.playing = this.playing;
    this.sayTime();
  }

  sayTime() {
    const song = this.songs[0];
    const now = Math.max(0, Math.min(this.now(), this.end));
    const place = placeOf(song, now / stepSeconds(song));
    this.place.max = this.end;
    this.place.value = now;
    const said = `${clock(now)} / ${clock(this.end)}, ${place}`;
    if (this.time.textContent === said) return;
    this.time.textContent = said;
    this.place.setAttribute("aria-valuetext", said);
  }

  // Hands

  press(event) {
    this.root.focus({ preventScroll: true });
    this.roll.above.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, { x: event.offsetX });
    this.dragged = false;
    const spot = this.roll.at(event.offsetX, event.offsetY);
    if (spot?.onKeys) this.strike(spot.pitch);
  }

  strike(pitch) {
    this.sound ||= new Sound(new AudioContext(), this.instrument);
    this.sound.context.resume();
    this.sound.instrument = this.instrument;
    this.sound.play(pitch, this.sound.context.currentTime, 0.8);
  }

  move(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) {
      this.sayHint(event.offsetX, event.offsetY);
      return;
    }
    const before = [...this.fingers.values()].map(({ x }) => x);
    const by = event.offsetX - finger.x;
    if (!this.dragged && Math.abs(by) < 4) return;
    this.dragged = true;
    this.hint.hidden = true;
    finger.x = event.offsetX;
    const after = [...this.fingers.values()].map(({ x }) => x);
    const { roll } = this;
    const scale = (roll.view.to - roll.view.from) / (roll.width - roll.keys);
    if (before.length < 2) {
      this.look(moved(roll.view, -by * scale, this.end));
      return;
    }
    const middle = roll.second((after[0] + after[1]) / 2);
    const factor = Math.abs(after[0] - after[1]) / Math.max(1, Math.abs(before[0] - before[1]));
    this.look(zoomed(roll.view, factor || 1, middle, this.end));
  }

  release(event) {
    const spot = this.roll.at(event.offsetX, event.offsetY);
    const clicked = event.type === "pointerup" && this.fingers.size === 1 && !this.dragged;
    this.fingers.delete(event.pointerId);
    if (clicked && !spot?.onKeys && event.offsetX >= this.roll.keys) {
      this.seek(this.roll.second(event.offsetX));
    }
  }

  /** Zooms while the player is in use; else, and where it can zoom no further, the page scrolls. */
  wheel(event) {
    const { roll } = this;
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && !this.root.contains(document.activeElement)) return;
    const { from, to } = roll.view;
    const turned = (event.deltaX || event.deltaY) * (event.deltaMode ? 30 : 1);
    const scale = (to - from) / (roll.width - roll.keys);
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.002));
    const view = sideways
      ? moved(roll.view, turned * scale, this.end)
      : zoomed(roll.view, factor, roll.second(event.offsetX), this.end);
    const still = Math.abs(view.from - from) + Math.abs(view.to - to) < 1e-6;
    if (still && !event.ctrlKey) return;
    event.preventDefault();
    this.look(view);
  }

  key(event) {
    if (event.target !== this.root && event.key !== "Escape") return; // a button or a slider
    const song = this.songs[0];
    const beat = song.stepsPerBeat * stepSeconds(song);
    const by = event.shiftKey ? BEATS * beat : beat;
    const zoom = (factor) => this.look(zoomed(this.roll.view, factor, this.now(), this.end));
    const actions = {
      " ": () => this.toggle(),
      Escape: () => this.pause(),
      ArrowLeft: () => this.seek(this.now() - by),
      ArrowRight: () => this.seek(this.now() + by),
      Home: () => this.seek(0),
      End: () => this.seek(this.end),
      "+": () => zoom(1.5),
      "=": () => zoom(1.5),
      "-": () => zoom(1 / 1.5),
      0: () => this.look({ from: 0, to: Math.max(this.end, 1e-3) }),
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  /** Names what lies under the pointer: pitch, bar and seconds. */
  sayHint(x, y) {
    const spot = this.roll.at(x, y);
    this.hint.hidden = !spot;
    if (!spot) return;
    const { song, pitch } = spot;
    const said = [noteName(pitch)];
    if (!spot.onKeys) {
      const step = Math.max(0, this.roll.second(x)) / stepSeconds(song);
      const note = notesWithin(song.notes, step, step + 1e-6).find((n) => n.pitch === pitch);
      const from = note ? note.onset : step;
      said.push(placeOf(song, from), `${(from * stepSeconds(song)).toFixed(2)} s`);
      if (note) said.push(`${(note.duration * stepSeconds(song)).toFixed(2)} s long`);
      said.push(...marksAt(song, step));
      if (song.cells) said.push(sureness(song, pitch, Math.floor(step)));
    }
    this.hint.textContent = said.filter(Boolean).join(" · ");
    const left = Math.min(x + 12, this.roll.width - this.hint.offsetWidth - 4);
    this.hint.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, y - 30)}px)`;
  }
}

/** Says how sure the model was of a cell. */
function sureness(song, pitch, step) {
  const { low, levels, values } = song.cells;
  const value = values[(pitch - low) * song.length + step];
  return pitch < low || value === undefined ? "" : `p = ${((value + 0.5) / levels).toFixed(2)}`;
}

/** Sends a message to a window and all frames in it. */
function tellAll(target, message) {
  target.postMessage(message, "*");
  for (let i = 0; i < target.length; i++) tellAll(target[i], message);
}

/** Starts a player in a frame of its own, and takes the picture and the words after it away. */
function startInFrame(style, packed) {
  document.head.append(element("style", {}, style));
  const root = element("div");
  document.body.append(root);
  const frame = globalThis.frameElement;
  const player = new Player(root, packed.map(unpackSong));
  globalThis.musegenPlayer = player;
  if (!frame) return;
  const fit = () => {
    frame.style.height = `${root.offsetHeight + 2}px`;
  };
  new ResizeObserver(fit).observe(root);
  fit();
  frame.nextElementSibling.style.display = "none";
}

export {
  INSTRUMENTS,
  Player,
  Roll,
  Sound,
  clock,
  element,
  frequency,
  marksAt,
  moved,
  noteName,
  notesFromCells,
  notesWithin,
  pitchRange,
  placeOf,
  renderOffline,
  songSeconds,
  startInFrame,
  stepSeconds,
  tone,
  unpackSong,
  zoomed,
};
