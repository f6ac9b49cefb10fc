import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import Realm from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const City = {
  name: "City",
  primaryKey: "_id",
  properties: { _id: "int", name: "string" },
};

const server = new DevServer();
let partition = 0;

before(() => server.start());
after(() => server.end());
beforeEach(() => ++partition);
afterEach(() => server.closeRealms());

async function openOn(device, options = {}, appOptions = {}) {
  const user = await server.logIn(`${device}-${partition}`, appOptions);
  const sync = { user, partitionValue: `p${partition}`, ...options };
  return server.open({ schema: [City], sync });
}
const write = (realm, ...ids) =>
  realm.write(() => ids.forEach((_id) => realm.create("City", { _id, name: `city ${_id}` })));

describe("what a session tells of itself", () => {
  it("pendingUploads counts what the server has not confirmed", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.uploadAllLocalChanges();
    assert.deepEqual(session.pendingUploads(), {
      transactions: 0,
      objects: 0,
      bytes: 0,
      oldestAge: null,
    });

    session.pause();
    write(realm, 1, 2);
    write(realm, 3);
    const pending = session.pendingUploads();
    assert.equal(pending.transactions, 2);
    assert.equal(pending.objects, 3);
    assert.ok(pending.bytes > 0);
    assert.ok(pending.oldestAge >= 0 && pending.oldestAge < 60_000);

    session.resume();
    await session.uploadAllLocalChanges();
    assert.equal(session.pendingUploads().transactions, 0);
  });

  it("a receipt comes once the server has it, over a pause and a kill of the server", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.downloadAllServerChanges();
    session.pause();
    write(realm, 1);
    const receipt = session.receipt();
    session.pause();
    session.resume();
    const { version } = await receipt;
    assert.equal(typeof version, "bigint");

    await server.stop("SIGKILL");
    await server.start();
    const other = await openOn("right");
    await other.syncSession.downloadAllServerChanges(30_000);
    assert.equal(other.objects("City").length, 1);

    write(realm, 2);
    assert.ok((await session.receipt({ timeout: 30_000 })).version > version);
  });

  it("stats count messages and show the last error and the next attempt", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.downloadAllServerChanges();
    const before = session.stats();
    assert.ok(before.messagesSent > 0 && before.messagesReceived > 0);
    assert.ok(before.lastMessageAge >= 0 && before.lastMessageAge < 20_000);
    assert.equal(before.lastError, null);
    assert.equal(before.nextRetry, null);

    write(realm, 1);
    await session.uploadAllLocalChanges();
    assert.ok(session.stats().bytesSent > before.bytesSent);
    assert.ok(session.stats().bytesReceived > before.bytesReceived);

    const lost = once(connectionOf(session), "disconnected");
    await server.stop("SIGKILL");
    await lost;
    const { lastError, nextRetry } = session.stats();
    assert.ok(lastError instanceof Error);
    assert.ok(nextRetry >= 0 && nextRetry <= 30_000);
    await server.start();
  });
});

/** The connection states of a session, as events. */
function connectionOf(session) {
  const emitter = new EventTarget();
  session.addConnectionNotification((state) => emitter.dispatchEvent(new Event(state)));
  return emitter;
}

describe("waits", () => {
  it("take a time, an AbortSignal or both, and keep no listener once they have settled", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.downloadAllServerChanges({});
    const controller = new AbortController();
    const { signal } = controller;
    await session.uploadAllLocalChanges({ timeout: 10_000, signal });
    assert.equal(getEventListeners(signal, "abort").length, 0);

    session.pause();
    write(realm, 1);
    const options = { timeout: 60_000, signal };
    const waits = [
      session.uploadAllLocalChanges(options),
      session.downloadAllServerChanges(options),
      session.receipt(options),
    ];
    assert.equal(getEventListeners(signal, "abort").length, 3);
    const reason = new Error("no longer");
    controller.abort(reason);
    for (const wait of waits) await assert.rejects(wait, reason);
    assert.equal(getEventListeners(signal, "abort").length, 0);
    await assert.rejects(session.downloadAllServerChanges({ signal }), reason);
    await assert.rejects(session.downloadAllServerChanges({ signal: AbortSignal.timeout(20) }), {
      name: "TimeoutError",
    });
    await assert.rejects(session.uploadAllLocalChanges({ timeout: 20 }), {
      name: "TimeoutError",
      message: "Timed out: Uploading changes did not complete in 20 ms.",
    });
    await assert.rejects(session.uploadAllLocalChanges("soon"), { name: "TypeAssertionError" });
    await assert.rejects(session.uploadAllLocalChanges({ timeout: -1 }), {
      name: "TypeAssertionError",
    });
    await assert.rejects(session.uploadAllLocalChanges({ signal: {} }), {
      name: "TypeAssertionError",
    });
  });

  it("fail with what ended them: a pause, a close, a log-out", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.downloadAllServerChanges();

    const paused = session.downloadAllServerChanges();
    session.pause();
    await assert.rejects(paused, { code: "Cancelled", message: /Sync session became inactive/ });

    const loggedOut = assert.rejects(session.downloadAllServerChanges(), {
      code: "Authentication",
      message: /logged out/,
    });
    await session.user.logOut();
    await loggedOut;
    await assert.rejects(session.downloadAllServerChanges(), { code: "Closed" });

    const other = await openOn("right", { _sessionStopPolicy: "immediately" });
    const closed = other.syncSession.downloadAllServerChanges();
    other.close();
    await assert.rejects(closed, { code: "Cancelled", message: /Sync session became inactive/ });
  });

  for (const name of ["cancelWaitsOnNonFatalError", "cancelWaitsOnNonFatalErrors"]) {
    it(`${name} ends them with the first failure to connect, its absence keeps them`, async () => {
      const strict = await openOn("strict", { [name]: true });
      const patient = await openOn("patient");
      for (const realm of [strict, patient]) {
        await realm.syncSession.uploadAllLocalChanges();
        realm.syncSession.pause();
        write(realm, realm === strict ? 1 : 2);
      }
      await server.stop();

      const ended = strict.syncSession.uploadAllLocalChanges();
      const kept = patient.syncSession.uploadAllLocalChanges();
      strict.syncSession.resume();
      patient.syncSession.resume();
      await assert.rejects(ended, { code: "Network" });

      await server.start();
      assert.equal(await kept, true);
    });
  }
});
