// What the screens are made of.

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

/** Makes a box to tick; `take` is told whether it is. */
function tickBox(label, checked, take) {
  const box = element("input", { type: "checkbox", checked });
  box.addEventListener("change", () => take(box.checked));
  return element("label", { className: "check" }, box, label);
}

/** Makes a field that text is written into, of one line or of several; `take` is told as it is. */
function textField(label, value, take, lines = 2, maxLength = 1000) {
  const type = lines > 1 ? ["textarea", { rows: lines }] : ["input", { type: "text" }];
  const field = element(type[0], { ...type[1], maxLength, value });
  field.addEventListener("input", () => take(field.value.trim()));
  return element("label", { className: "field" }, label, field);
}

/** Lets one choose from a list; what is taken is the name that all languages share. */
function choiceField(label, options, value, take) {
  const made = Object.entries(options).map(([name, words]) =>
    element("option", { value: name }, words),
  );
  const field = element("select", {}, ...made);
  field.value = value;
  field.addEventListener("change", () => take(field.value));
  return element("label", { className: "field" }, label, field);
}

/** Makes a row for each choice, numbered from 1; `take` is told the number. */
function scaleOf(question, rows, given, take) {
  const made = rows.map((words, i) => {
    const radio = element("input", { type: "radio", name: "grade", value: i + 1 });
    radio.checked = given === i + 1;
    radio.addEventListener("change", () => take(i + 1));
    return element("label", {}, radio, element("b", {}, String(i + 1)), words);
  });
  return element("fieldset", { className: "scale" }, element("legend", {}, question), ...made);
}

/** Gives an mp3: the page holds it, be it further below, or it is asked for. */
async function loadSound(name) {
  const held = () => document.getElementById(name);
  // An element that nothing follows is not there as a whole.
  while (document.readyState === "loading" && !held()?.nextSibling) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (!held()) {
    const answer = await fetch(`sounds/${name}.mp3`);
    if (!answer.ok) throw new Error(answer.status);
    return answer.blob();
  }
  const bytes = Uint8Array.from(atob(held().textContent), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "audio/mpeg" });
}

const AGAIN_AFTER = 5000; // milliseconds without a sound until it is asked for again

/** Plays what `load` gives; `played` is told of each stretch of seconds that was heard. */
function playerOf(load, texts, played = () => {}) {
  const audio = element("audio", { controls: true, preload: "auto" });
  audio.setAttribute("controlslist", "nodownload noplaybackrate");
  audio.setAttribute("aria-label", texts.sound);
  const begin = async () => {
    try {
      audio.src = URL.createObjectURL(await load());
      failure.replaceChildren();
    } catch {
      fail();
      setTimeout(() => audio.isConnected && !audio.src && begin(), AGAIN_AFTER);
    }
  };
  const fail = () => {
    if (!failure.firstChild) failure.append(texts.noSound, buttonOf(texts.retry, begin));
  };
  const failure = element("p", { role: "alert" });
  audio.addEventListener("error", fail);
  begin();
  let last = 0;
  audio.addEventListener("timeupdate", () => {
    const since = audio.currentTime - last;
    last = audio.currentTime;
    played(since > 0 && since < 1 ? since : 0, audio.ended);
  });
  return element("div", {}, audio, failure);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** Gives a file to whoever looks at the page. */
function handOut(file) {
  const address = URL.createObjectURL(file);
  element("a", { href: address, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export {
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
};
