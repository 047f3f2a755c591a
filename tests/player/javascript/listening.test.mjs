// What the listening page decides, without a browser: tests/test_javascript.py runs this with node.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
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
  ungraded,
  withAnswer,
} from "../../../apps/listening/listening.js";

const SONGS = ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh"];
const SURVEY = {
  survey: "0123abcd",
  items: Object.fromEntries([...SONGS, "pp"].map((item) => [item, ""])),
  practice: "pp",
  attention: { item: "xx", grade: 4 },
  lists: [SONGS],
};

test("a code is 16 letters that cannot be confused, and another one each time", () => {
  const codes = new Set(Array.from({ length: 500 }, () => newCode()));
  assert.equal(codes.size, 500);
  for (const code of codes)
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test("every place in the order is as likely for every song", () => {
  const counts = new Map();
  for (let n = 0; n < 4000; n++) {
    const place = shuffled(SONGS).indexOf("aa");
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  assert.equal(counts.size, 8);
  for (const count of counts.values()) assert.ok(Math.abs(count - 500) < 120, `${count}`);
});

test("a document has each song once, the practice first and the check in the midst", () => {
  for (let n = 0; n < 200; n++) {
    const document = newDocument(SURVEY, "en");
    assert.equal(document.order[0], "pp");
    const check = document.order.indexOf("xx");
    assert.ok(check > 2 && check < 8, `${check}`);
    assert.deepEqual(songsOf(SURVEY, document).toSorted(), SONGS);
    assert.ok(isDocument(document, SURVEY));
  }
});

test("a listener gets one of the lists", () => {
  const lists = [
    ["aa", "bb"],
    ["cc", "dd"],
  ];
  const document = newDocument({ ...SURVEY, lists }, "en");
  const mine = songsOf(SURVEY, document).toSorted();
  assert.ok(lists.some((list) => list.join() === mine.join()));
});

test("every change is a later version and leaves the rest as it was", () => {
  const before = newDocument(SURVEY, "en");
  const after = withAnswer(withAnswer(before, "aa", { grade: 2 }), "aa", { known: true });
  assert.equal(after.version, before.version + 2);
  assert.deepEqual([after.answers.aa.grade, after.answers.aa.known], [2, true]);
  assert.deepEqual(before.answers, {});
  assert.equal(ungraded(SURVEY, after).length, 7);
  assert.ok(!ungraded(SURVEY, after).includes(songsOf(SURVEY, after).indexOf("aa") + 1));
  assert.equal(screens(after).length, 14);
});

test("what is kept comes back, unless it is of another survey or damaged", () => {
  const shelf = new Map();
  const storage = {
    getItem: (key) => shelf.get(key) ?? null,
    setItem: (key, value) => shelf.set(key, value),
    removeItem: (key) => shelf.delete(key),
  };
  const kept = new Kept(SURVEY, storage);
  const document = newDocument(SURVEY, "sv");
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

test("deleting asks the server, and tells whether it answered", async () => {
  const { got, fetcher } = server(204);
  assert.equal(await new Post(fetcher).erase(at(3)), true);
  assert.deepEqual(got, [["DELETE", { survey: "0123abcd", listener: "L" }]]);
  assert.equal(await new Post(server("lost").fetcher).erase(at(3)), false);
});

test("texts are filled in, and braces nobody knows stay", () => {
  assert.equal(fill("{a} of {b}, {c}", { a: 1, b: "{a}" }), "1 of {a}, {c}");
});
