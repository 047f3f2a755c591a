// What the listening page decides, without a browser: tests/test_javascript.py runs this with node.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changed,
  isDocument,
  newCode,
  newDocument,
  overtakes,
  piecesOf,
  screensOf,
  shuffled,
  ungraded,
  withAnswer,
} from "../../../apps/listening/document.js";
import { fill } from "../../../apps/listening/elements.js";
import { Kept, Post } from "../../../apps/listening/sending.js";

const SONGS = ["aaaaaa", "bbbbbb", "cccccc", "dddddd", "eeeeee", "gggggg", "hhhhhh", "iiiiii"];
const SURVEY = {
  survey: "0123abcd",
  items: Object.fromEntries([...SONGS, "pppppp"].map((item) => [item, ""])),
  practice: "pppppp",
  attention: { item: "xxxxxx", grade: 4 },
};
const LISTS = [{ items: SONGS, again: "aaaaaa" }];
const AGAIN = "aaaaaa.again";

test("a code is 16 letters that cannot be confused, and another one each time", () => {
  const codes = new Set(Array.from({ length: 500 }, () => newCode()));
  assert.equal(codes.size, 500);
  for (const code of codes)
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test("every place in the order is as likely for every song", () => {
  const counts = new Map();
  for (let n = 0; n < 4000; n++) {
    const place = shuffled(SONGS).indexOf("aaaaaa");
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  assert.equal(counts.size, 8);
  for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 120, `${count}`);
});

test("a document has each song once and one twice, the practice first, the check in the midst", () => {
  for (let n = 0; n < 200; n++) {
    const document = newDocument(SURVEY, LISTS, "en");
    assert.equal(document.order[0], "pppppp");
    const check = document.order.indexOf("xxxxxx");
    assert.ok(check > 2 && check < 9, `${check}`);
    const pieces = piecesOf(SURVEY, document);
    assert.deepEqual(pieces.toSorted(), [...SONGS, AGAIN].toSorted());
    const between = pieces.indexOf(AGAIN) - pieces.indexOf("aaaaaa");
    assert.ok(between >= 3, `${between}`);
    assert.ok(isDocument(document, SURVEY));
  }
});

test("two songs and a fake are enough to hear one twice", () => {
  for (let n = 0; n < 50; n++) {
    const lists = [{ items: SONGS.slice(0, 3), again: "aaaaaa" }];
    const { order } = newDocument(SURVEY, lists, "en");
    assert.ok(order.indexOf(AGAIN) >= order.indexOf("aaaaaa") + 2);
    assert.equal(order.length, 6);
  }
});

test("a listener gets one of the lists", () => {
  const lists = [SONGS.slice(0, 4), SONGS.slice(4)].map((items) => ({ items, again: items[0] }));
  const mine = piecesOf(SURVEY, newDocument(SURVEY, lists, "en")).toSorted();
  assert.ok(
    lists.some(
      ({ items, again }) => [...items, `${again}.again`].toSorted().join() === mine.join(),
    ),
  );
});

test("every change is a later version and leaves the rest as it was", () => {
  const before = newDocument(SURVEY, LISTS, "en");
  const after = withAnswer(withAnswer(before, "aaaaaa", { grade: 2 }), "aaaaaa", { known: true });
  assert.equal(after.version, before.version + 2);
  assert.deepEqual([after.answers.aaaaaa.grade, after.answers.aaaaaa.known], [2, true]);
  assert.deepEqual(before.answers, {});
  assert.equal(ungraded(SURVEY, after).length, 8);
  assert.ok(!ungraded(SURVEY, after).includes(piecesOf(SURVEY, after).indexOf("aaaaaa") + 1));
  assert.equal(screensOf(after).length, 16);
});

test("what is kept comes back, unless it is of another survey or damaged", () => {
  const shelf = new Map();
  const storage = {
    getItem: (key) => shelf.get(key) ?? null,
    setItem: (key, value) => shelf.set(key, value),
    removeItem: (key) => shelf.delete(key),
  };
  const kept = new Kept(SURVEY, storage);
  const document = newDocument(SURVEY, LISTS, "sv");
  kept.write({ document, at: 3 });
  assert.deepEqual(new Kept(SURVEY, storage).read(), { document, at: 3 });
  const other = changed(document, { survey: "ffffffff" });
  for (const damage of ["{", "null", "3", '{"at": 3}', JSON.stringify({ document: other })]) {
    shelf.set(kept.key, damage);
    assert.equal(kept.read(), null);
  }
  kept.forget();
  assert.equal(shelf.size, 0);
});

test("a browser that keeps nothing is noticed and does no harm", () => {
  const broken = new Proxy(
    {},
    {
      get: () => () => {
        throw new Error("full");
      },
    },
  );
  const kept = new Kept(SURVEY, broken);
  assert.equal(kept.read(), null);
  kept.write({ document: {}, at: 0 });
  assert.equal(kept.works, false);
});

/** Stands for a server: each answer is a status, or an error to throw. */
function server(...answers) {
  const got = [];
  const fetcher = async (_, { method, body }) => {
    got.push([method, JSON.parse(body)]);
    const status = answers.length > 1 ? answers.shift() : answers[0];
    if (status === "lost") throw new TypeError("no connection");
    return { ok: status < 300, status };
  };
  return { got, fetcher };
}

const at = (version) => ({ survey: "0123abcd", listener: "L", version });

test("what is sent is sent until it is stored", async () => {
  const { got, fetcher } = server("lost", 500, 429, 204);
  const waits = [];
  const post = new Post(
    fetcher,
    async (time) => waits.push(time),
    () => {},
  );
  await post.send(at(1));
  assert.equal(got.length, 4);
  assert.deepEqual(waits, [2000, 4000, 8000]); // ever more patiently
  assert.equal(post.state, "stored");
});

test("what changes meanwhile follows, the newest only", async () => {
  const { got, fetcher } = server(204);
  const post = new Post(
    fetcher,
    async () => {},
    () => {},
  );
  const first = post.send(at(1));
  post.send(at(2));
  post.send(at(3));
  await first;
  assert.deepEqual(
    got.map(([, document]) => document.version),
    [1, 3],
  );
  assert.equal(post.state, "stored");
});

test("a host of files is no server; a deleted listener is refused; both end the sending", async () => {
  for (const [status, state] of [
    [405, "none"],
    [404, "none"],
    [410, "refused"],
    [400, "refused"],
    [401, "uninvited"],
  ]) {
    const { got, fetcher } = server(status);
    const post = new Post(
      fetcher,
      async () => {},
      () => {},
    );
    await post.send(at(1));
    assert.equal(post.state, state);
    assert.equal(got.length, 1);
  }
  const post = new Post(null);
  await post.send(at(1));
  assert.equal(post.state, "none");
});

test("what the server has another version of is overtaken, and sent again", async () => {
  const { got, fetcher } = server(409, 409, 204);
  let version = 1;
  const post = new Post(
    fetcher,
    async () => {},
    () => {},
    () => at(++version),
  );
  await post.send(at(1));
  assert.deepEqual(
    got.map(([, document]) => document.version),
    [1, 2, 3],
  );
  assert.equal(post.state, "stored");
});

test("a later document is gone on with, and another listener's", () => {
  assert.ok(overtakes(at(2), at(1)));
  assert.ok(!overtakes(at(1), at(1)));
  assert.ok(overtakes({ ...at(1), listener: "M" }, at(2)));
});

test("an invitation is sent along, and what the server tells is kept", async () => {
  const asked = [];
  const fetcher = async (_, { headers }) => {
    asked.push(headers.Invitation);
    return { ok: true, status: 200, json: async () => ({ aaaaaa: ["One", "Bach"] }) };
  };
  const post = new Post(
    fetcher,
    async () => {},
    () => {},
  );
  post.invitation = "KGY2";
  await post.send(at(1));
  assert.deepEqual(asked, ["KGY2"]);
  assert.deepEqual(post.debrief, { aaaaaa: ["One", "Bach"] });
});

test("deleting asks the server, and tells whether it answered", async () => {
  const { got, fetcher } = server(204);
  assert.equal(await new Post(fetcher).erase(at(3)), true);
  assert.deepEqual(got, [["DELETE", { survey: "0123abcd", listener: "L" }]]);
  assert.equal(await new Post(server("lost").fetcher).erase(at(3)), false);
});

test("texts are filled in, and braces nobody knows stay", () => {
  assert.equal(fill("{a} of {b}, {c}", { a: 1, b: "{a}" }), "1 of {a}, {c}");
});
