import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import Realm, { App } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";

const City = {
  name: "City",
  primaryKey: "_id",
  properties: { _id: "int", name: "string" },
};

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

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
    const nothing = { transactions: 0, objects: 0, bytes: 0, oldestAge: null };
    const realm = await openOn("left");
    const session = realm.syncSession;
    session.pause();
    assert.deepEqual(session.pendingUploads(), nothing); // The schema is nobody's write.

    write(realm, 1, 2);
    write(realm, 3);
    const pending = session.pendingUploads();
    assert.equal(pending.transactions, 2);
    assert.equal(pending.objects, 3);
    assert.ok(pending.bytes > 0);
    assert.ok(pending.oldestAge >= 0 && pending.oldestAge < 60_000);

    session.resume();
    await session.uploadAllLocalChanges();
    assert.deepEqual(session.pendingUploads(), nothing);
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
    await other.syncSession.downloadAllServerChanges(120_000);
    assert.equal(other.objects("City").length, 1);

    write(realm, 2);
    assert.ok((await session.receipt({ timeout: 120_000 })).version > version);
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
    await session.uploadAllLocalChanges({ timeout: 120_000, signal });
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

  it("go on when their realm is dropped and collected as garbage", async () => {
    // Given a wait for a server that is away, of a realm that nobody holds any more,
    const user = await server.logIn(`left-${partition}`);
    const sync = { user, partitionValue: `p${partition}` };
    const begin = () => {
      const realm = new Realm({ schema: [City], sync });
      write(realm, 1);
      return { wait: realm.syncSession.uploadAllLocalChanges(), dropped: new WeakRef(realm) };
    };
    await server.stop();
    const { wait, dropped } = begin();
    while (dropped.deref()) {
      await new Promise(setImmediate); // A WeakRef holds what it refers to until the next task.
      collectGarbage();
    }

    // When the server is back, then it ends, and what was written is there.
    await server.start();
    await wait;
    const other = await openOn("right");
    await other.syncSession.downloadAllServerChanges();
    assert.equal(other.objects("City").length, 1);
  });

  it("fail with what ended them: a pause, a close, a log-out", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    await session.downloadAllServerChanges();

    server.suspend(); // Its answer could come first.
    const paused = session.downloadAllServerChanges();
    session.pause();
    server.continue();
    await assert.rejects(paused, { code: "Cancelled", message: /Sync session became inactive/ });

    const loggedOut = assert.rejects(session.downloadAllServerChanges(), {
      code: "Authentication",
      message: /logged out/,
    });
    await session.user.logOut();
    await loggedOut;
    await assert.rejects(session.downloadAllServerChanges(), { code: "Authentication" });

    const other = await openOn("right", { _sessionStopPolicy: "immediately" });
    server.suspend();
    const closed = other.syncSession.downloadAllServerChanges();
    other.close();
    server.continue();
    await assert.rejects(closed, { code: "Closed", message: /Sync session became inactive/ });
  });

  it("are those of the realm that closes, and of no other", async () => {
    const user = await server.logIn(`left-${partition}`);
    const config = { schema: [City], sync: { user, partitionValue: `p${partition}` } };
    const realm = server.open(config);
    const other = server.open(config);
    await realm.syncSession.uploadAllLocalChanges();
    await server.stop();
    write(realm, 1);
    const waits = [
      realm.syncSession.uploadAllLocalChanges(),
      realm.syncSession.downloadAllServerChanges(),
      realm.syncSession.receipt(),
    ];
    const ofOther = other.syncSession.uploadAllLocalChanges();
    realm.close();
    for (const wait of waits) await assert.rejects(wait, { code: "Closed" });

    await server.start();
    other.syncSession.reconnect();
    await ofOther;
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

describe("pausing one direction", () => {
  it("holds uploads back while downloads go on, and the other way round", async () => {
    const left = await openOn("left");
    const right = await openOn("right");
    const session = left.syncSession;
    const sync = async (...list) => {
      for (const { syncSession } of list) await syncSession.uploadAllLocalChanges(120_000);
      for (const { syncSession } of list) await syncSession.downloadAllServerChanges(120_000);
    };
    await sync(left, right);
    const connection = [];
    session.addConnectionNotification((state) => connection.push(state));

    session.pause({ direction: "upload" });
    assert.equal(session.isPaused("upload"), true);
    assert.equal(session.isPaused("download"), false);
    assert.equal(session.state, "active");
    write(left, 1);
    write(right, 2);
    await sync(right);
    await session.downloadAllServerChanges(120_000);
    assert.equal(left.objects("City").length, 2);
    assert.equal(right.objects("City").length, 1);
    await assert.rejects(session.uploadAllLocalChanges(20), { name: "TimeoutError" });
    session.resume({ direction: "upload" });
    await sync(left, right);
    assert.equal(right.objects("City").length, 2);

    server.suspend(); // So that the wait does not end before the pause.
    const cancelled = assert.rejects(session.downloadAllServerChanges(), { code: "Cancelled" });
    session.pause({ direction: "download" });
    await cancelled;
    server.continue();
    write(right, 3);
    await sync(right);
    write(left, 4);
    await session.uploadAllLocalChanges(120_000);
    await right.syncSession.downloadAllServerChanges(120_000);
    assert.deepEqual([left.objects("City").length, right.objects("City").length], [3, 4]);
    const kept = session.downloadAllServerChanges();
    session.resume({ direction: "download" });
    await kept;
    assert.equal(left.objects("City").length, 4);

    assert.equal(session.isConnected(), true);
    assert.deepEqual(connection, []);
    assert.throws(() => session.pause({ direction: "sideways" }), /Unexpected direction/);
    assert.throws(() => session.resume("upload"), { name: "TypeAssertionError" });
  });
});

describe("progress", () => {
  for (const mode of ["reportIndefinitely", "forCurrentlyOutstandingWork"]) {
    it(`${mode} ends at all, before the wait, in both directions and for both arities`, async () => {
      const left = await openOn("left");
      const right = await openOn("right");
      await right.syncSession.downloadAllServerChanges();
      right.syncSession.pause();
      left.syncSession.pause();
      for (let i = 0; i < 40; ++i) {
        left.write(() => {
          for (let id = 0; id < 100; ++id) {
            left.create("City", { _id: i * 100 + id, name: `city ${id}`.repeat(50) });
          }
        });
      }
      const bytes = { upload: [], download: [] };
      const estimates = { upload: [], download: [] };
      for (const direction of ["upload", "download"]) {
        const { syncSession } = direction === "upload" ? left : right;
        syncSession.addProgressNotification(direction, mode, (transferred, transferable) =>
          bytes[direction].push([transferred, transferable]),
        );
        syncSession.addProgressNotification(direction, mode, (estimate) =>
          estimates[direction].push(estimate),
        );
      }

      left.syncSession.resume();
      await left.syncSession.uploadAllLocalChanges();
      check("upload");
      right.syncSession.resume();
      await right.syncSession.downloadAllServerChanges();
      check("download");
      assert.equal(right.objects("City").length, 4000);

      function check(direction) {
        const [transferred, transferable] = bytes[direction].at(-1);
        assert.ok(transferred > 1_000_000);
        assert.equal(transferred, transferable);
        assert.ok(bytes[direction].length > 4);
        bytes[direction].reduce((last, [now]) => (assert.ok(now >= last), now), 0);
        assert.equal(estimates[direction].at(-1), 1);
        const transfer = estimates[direction].slice(mode === "reportIndefinitely" ? 1 : 0);
        transfer.reduce((last, now) => (assert.ok(now >= last), now), 0);
      }
    });
  }

  it("calls back once at registration and again only when something changes", async () => {
    const realm = await openOn("left");
    const session = realm.syncSession;
    write(realm, 1);
    await session.uploadAllLocalChanges();
    const reports = [];
    const listener = (transferred, transferable) => reports.push([transferred, transferable]);
    session.addProgressNotification("upload", "reportIndefinitely", listener);
    assert.throws(
      () => session.addProgressNotification("upload", "reportIndefinitely", listener),
      /Remove callback before adding it again/,
    );
    await session.uploadAllLocalChanges();
    await session.downloadAllServerChanges();
    assert.equal(reports.length, 1);
    assert.equal(reports[0][0], reports[0][1]);

    session.removeProgressNotification(listener);
    write(realm, 2);
    await session.uploadAllLocalChanges();
    assert.equal(reports.length, 1);
  });
});

describe("the app's timeout", () => {
  it("ends an attempt to connect, and with it the waits that are to be cancelled", async () => {
    const realm = await openOn("left", { cancelWaitsOnNonFatalErrors: true }, { timeout: 2_000 });
    const session = realm.syncSession;
    await session.downloadAllServerChanges();
    session.pause();
    const address = new URL(server.url);
    await server.stop();
    // Something that accepts connections and never says anything.
    const mute = createServer(() => {}).listen(Number(address.port), address.hostname);
    await once(mute, "listening");
    const sockets = [];
    mute.on("connection", (socket) => sockets.push(socket));

    const wait = session.downloadAllServerChanges();
    const began = Date.now();
    session.resume();
    await assert.rejects(wait, { code: "Network" });
    assert.ok(Date.now() - began < 50_000);

    sockets.forEach((socket) => socket.destroy());
    mute.close();
    await once(mute, "close");
    await server.start();
  });
});

describe("connecting again", () => {
  it("App.Sync.reconnect passes over a delay, which nextRetry shows", async () => {
    const app = server.app(`device-${partition}`, {
      connection: { initialDelay: 3_600_000, maximumDelay: 7_200_000 },
    });
    const user = await app.logIn(Realm.Credentials.anonymous());
    const realm = server.open({ schema: [City], sync: { user, partitionValue: `p${partition}` } });
    const session = realm.syncSession;
    await session.downloadAllServerChanges();
    const lost = once(connectionOf(session), "disconnected");
    await server.stop();
    await lost;
    const { nextRetry } = session.stats();
    assert.ok(nextRetry > 2_400_000 && nextRetry <= 3_600_000);
    await server.start();
    const wait = session.downloadAllServerChanges(120_000);
    App.Sync.reconnect(app);
    assert.equal(await wait, true);
    App.Sync.networkChanged(app, { reachable: false });
    await session.downloadAllServerChanges(120_000);
    assert.equal(session.isConnected(), true);
  });

  it("honours Retry-After of a refused upgrade, until the application asks", async () => {
    const realm = await openOn("left", {}, { connection: { initialDelay: 10 } });
    const session = realm.syncSession;
    await session.downloadAllServerChanges();
    session.pause();
    const address = new URL(server.url);
    await server.stop();
    let answered;
    const refusal = new Promise((resolve) => (answered = resolve));
    const refusing = createHttpServer().on("upgrade", (request, socket) => {
      socket.end("HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n", answered);
    });
    refusing.listen(Number(address.port), address.hostname);
    await once(refusing, "listening");
    const lost = once(connectionOf(session), "disconnected");
    session.resume();
    await refusal;
    await lost;
    assert.ok(session.stats().nextRetry > 500_000);
    refusing.closeAllConnections();
    refusing.close();
    await once(refusing, "close");
    await server.start();
    session.resume();
    await session.downloadAllServerChanges(120_000);
  });

  it("refuses connection parameters out of their range", () => {
    for (const [connection, error] of [
      [{ initialDelay: "1" }, { name: "TypeAssertionError" }],
      [{ initialDelay: 0 }, { code: "InvalidArgument" }],
      [{ initialDelay: 2000, maximumDelay: 1000 }, { code: "InvalidArgument" }],
      [{ delayMultiplier: 0 }, { code: "InvalidArgument" }],
      [{ jitterDivisor: 0.5 }, { name: "AssertionError" }],
      [{ answerTimeout: -1 }, { name: "AssertionError" }],
      [7, { name: "TypeAssertionError" }],
    ]) {
      assert.throws(() => server.app("bad", { connection }), error);
    }
  });
});

describe("logging", () => {
  it("goes to the logger by category and level, in both forms", async () => {
    const entries = [];
    Realm.setLogger((entry) => entries.push(entry));
    Realm.setLogLevel("info", "Realm.Sync");
    const realm = await openOn("left");
    await realm.syncSession.downloadAllServerChanges();
    assert.ok(entries.length > 0);
    for (const { category, level, message } of entries) {
      assert.equal(category, "Realm.Sync.Client.Network");
      assert.equal(level, "info");
      assert.match(message, /^sync_/);
    }
    const lines = [];
    Realm.setLogger((level, message) => lines.push([level, message]));
    Realm.setLogLevel("debug");
    await realm.syncSession.downloadAllServerChanges();
    assert.ok(lines.some(([level]) => level === "debug"));
    const numbers = [];
    App.Sync.setLogger(null, (level) => numbers.push(level));
    await realm.syncSession.downloadAllServerChanges();
    assert.ok(numbers.includes(Realm.NumericLogLevel.Debug));

    Realm.setLogLevel("off");
    Realm.setLogger(() => {});
    assert.throws(() => Realm.setLogLevel("loud"), { name: "AssertionError" });
    assert.throws(() => Realm.setLogLevel("info", "Realm.Nothing"), { name: "AssertionError" });
    assert.throws(() => Realm.setLogger("loud"), { name: "TypeAssertionError" });
  });
});
