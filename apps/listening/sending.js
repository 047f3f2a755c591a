// Keeps answers on the device, and sends them on where a server is.

import { isDocument } from "./document.js";

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

/**
 * Sends the latest document until it is stored; `state` is none, waiting, stored, refused or
 * uninvited. `overtake` gives what to send where the server has other answers than what was sent.
 * What the server tells who has finished becomes `debrief`.
 */
class Post {
  constructor(fetcher, wait, changedState, overtake) {
    Object.assign(this, { fetcher, wait, changedState, overtake });
    this.state = fetcher ? "waiting" : "none";
    this.pause = 1000;
    this.invitation = "";
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
    this.state = "waiting";
    while (this.next && this.state === "waiting") {
      const sent = this.next;
      const answer = await this.attempt(sent);
      if (answer === "again") await this.wait(this.pause);
      else if (answer === "stale") this.next = this.overtake();
      else if (answer !== "stored") this.say(answer);
      else if (this.next === sent) {
        this.next = null;
        this.say("stored");
      }
    }
    this.busy = false;
  }

  async ask(method, content) {
    const headers = { "Content-Type": "application/json", Invitation: this.invitation };
    const body = JSON.stringify(content);
    return this.fetcher("answers", { method, body, headers, keepalive: true }); // the page may close
  }

  async attempt(document) {
    try {
      const answer = await this.ask("PUT", document);
      if (answer.ok) {
        this.pause = 1000;
        if (answer.status === 200) this.debrief = await answer.json();
        return "stored";
      }
      if ([404, 405, 501].includes(answer.status)) return "none"; // a host of files only
      if (answer.status === 401) return "uninvited";
      if (answer.status === 409) return "stale";
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
    try {
      return (await this.ask("DELETE", { survey, listener })).ok;
    } catch {
      return false;
    }
  }
}

export { Kept, Post };
