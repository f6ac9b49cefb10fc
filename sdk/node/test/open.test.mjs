import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm, { AssertionError, ProgressRealmPromise, TypeAssertionError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int", text: "string" } };

const server = new DevServer();
let partition = 0;
before(() => server.start());
after(() => server.end());
beforeEach(() => ++partition);
afterEach(() => server.closeRealms());

const configuration = async (device, options = {}) => ({
  schema: [Note],
  sync: {
    user: await server.logIn(`${device}-${partition}`),
    partitionValue: `p${partition}`,
    ...options,
  },
});
const writeNotes = (realm, count) =>
  realm.write(() => {
    for (let _id = 0; _id < count; ++_id) realm.create("Note", { _id, text: "x".repeat(1000) });
  });

describe("Realm.open with a server", () => {
  it("gives a realm with the server's data, and tells of its progress", async () => {
    const left = server.open(await configuration("left"));
    writeNotes(left, 500);
    await left.syncSession.uploadAllLocalChanges();

    const estimates = [];
    const bytes = [];
    const promise = Realm.open(await configuration("right"));
    promise
      .progress((estimate) => estimates.push(estimate))
      .progress((transferred, transferable) => bytes.push([transferred, transferable]));
    assert.deepEqual([estimates, bytes], [[1], [[0, 0]]]);
    const right = server.keep(await promise);

    assert.equal(right.objects("Note").length, 500);
    assert.equal(estimates.at(-1), 1);
    const [transferred, transferable] = bytes.at(-1);
    assert.ok(transferred > 0);
    assert.equal(transferred, transferable);
  });

  it("is a promise in all but its class", async () => {
    const promise = Realm.open(await configuration("a"));

    assert.ok(promise instanceof ProgressRealmPromise);
    assert.ok(!(promise instanceof Promise));
    assert.equal(Object.prototype.toString.call(promise), "[object ProgressRealmPromise]");
    let isDone = false;
    const realm = await promise.finally(() => (isDone = true)).then((value) => server.keep(value));
    assert.ok(realm instanceof Realm);
    assert.ok(isDone);
    promise.cancel();
    assert.equal(realm.isClosed, false);
  });
});

describe("Realm.open without a server", () => {
  let config;
  beforeEach(async () => {
    config = await configuration("a");
    await server.stop();
  });
  afterEach(() => server.start());

  it("rejects when the time is up", async () => {
    const limit = { type: "downloadBeforeOpen", timeOut: 20, timeOutBehavior: "throwException" };
    config.sync.newRealmFileBehavior = limit;

    await assert.rejects(Realm.open(config), {
      name: "TimeoutError",
      message: /could not be downloaded in the allocated time/,
    });
  });

  it("opens what is there when the time is up, if that is asked for", async () => {
    const limit = { type: "downloadBeforeOpen", timeOut: 20, timeOutBehavior: "openLocalRealm" };
    config.sync.newRealmFileBehavior = limit;

    const realm = server.keep(await Realm.open(config));

    writeNotes(realm, 1);
    assert.equal(realm.objects("Note").length, 1);
  });

  it("says when nobody said what to do about the time", async () => {
    config.sync.newRealmFileBehavior = { type: "downloadBeforeOpen", timeOut: 20 };

    await assert.rejects(Realm.open(config), /Invalid 'timeOutBehavior'/);
  });

  it("opens at once an existing file for which that is asked", async () => {
    writeNotes(server.open(config), 3);
    server.closeRealms();
    config.sync.newRealmFileBehavior = { type: "downloadBeforeOpen" };
    config.sync.existingRealmFileBehavior = { type: "openImmediately" };

    const realm = server.keep(await Realm.open(config));

    assert.equal(realm.objects("Note").length, 3);
    assert.equal(realm.syncSession.isConnected(), false);
    assert.equal(realm.syncSession.state, "active");
  });

  it("can be cancelled, which ends every opening of the file and no other", async () => {
    const other = { ...config, sync: { ...config.sync, partitionValue: "other" } };
    const openings = [Realm.open(config), Realm.open(config), Realm.open(other)];

    openings[0].cancel();

    await assert.rejects(openings[0], { message: "Async open canceled" });
    await assert.rejects(openings[1], { message: "Async open canceled" });
    assert.equal(await Promise.race([openings[2], "still waiting"]), "still waiting");
    openings[2].cancel();
    await assert.rejects(openings[2], { message: "Async open canceled" });
  });
});

describe("Realm.open of a wrong configuration", () => {
  it("rejects, and never throws", async () => {
    await assert.rejects(Realm.open([]), TypeAssertionError);
    await assert.rejects(Realm.open({ path: "" }), AssertionError);
    await assert.rejects(Realm.open({ sync: {} }), /Expected 'user' on realm sync configuration/);
  });

  it("names what is wrong with the behaviors and the rest of `sync`", async () => {
    const config = await configuration("a");
    const withSync = (options) => Realm.open({ ...config, sync: { ...config.sync, ...options } });

    await assert.rejects(withSync({ newRealmFileBehavior: { type: "now" } }), AssertionError);
    await assert.rejects(
      withSync({ existingRealmFileBehavior: { type: "openImmediately", timeOut: "1" } }),
      TypeAssertionError,
    );
    await assert.rejects(
      withSync({
        existingRealmFileBehavior: { type: "downloadBeforeOpen", timeOutBehavior: "panic" },
      }),
      AssertionError,
    );
    await assert.rejects(withSync({ cancelWaitsOnNonFatalErrors: 1 }), TypeAssertionError);
    await assert.rejects(withSync({ _sessionStopPolicy: "later" }), /_sessionStopPolicy/);
  });
});
