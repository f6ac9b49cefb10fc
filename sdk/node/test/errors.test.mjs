import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";

import Realm, { App, CompensatingWriteError, Credentials, SyncError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";
import { ScriptedServer } from "../support/scripted-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int" } };

describe("an error of a session", () => {
  let server;
  let realm;
  beforeEach(async () => {
    server = new ScriptedServer();
    await server.start();
  });
  afterEach(() => {
    realm.close();
    server.end();
  });

  /** The first error of a realm that syncs with the server. */
  async function firstError(user) {
    const [session, error] = await new Promise((resolve) => {
      realm = new Realm({
        schema: [Note],
        sync: {
          user,
          partitionValue: "p",
          onError: (...args) => resolve(args),
        },
      });
    });
    assert.equal(session, realm.syncSession);
    return error;
  }

  it("is a SyncError with its number, action and log", async () => {
    server.onUpgrade = () => ({
      code: 206,
      message: "not for you",
      logURL: "https://logs.example/1",
      action: "ApplicationBug",
      tryAgain: false,
      shouldClientReset: false,
      isRecoveryModeDisabled: false,
    });

    const error = await firstError(await server.logIn(server.app()));

    assert.ok(error instanceof SyncError);
    assert.ok(error instanceof Error);
    assert.equal(error.name, "SyncError");
    assert.equal(error.code, 1037);
    assert.equal(error.status, "SyncPermissionDenied");
    assert.equal(error.category, "UNKNOWN");
    assert.equal(error.action, "ApplicationBug");
    assert.equal(error.logUrl, "https://logs.example/1");
    assert.equal(error.isFatal, true);
    assert.equal(error.isOk, false);
    assert.match(error.message, /not for you/);
    assert.equal(error.reason, error.message);
    assert.deepEqual(error.userInfo, {});
    await assert.rejects(realm.syncSession.uploadAllLocalChanges(1000), /not for you|time/i);
  });

  it("lists the writes that the server has undone", async () => {
    server.onUpgrade = () => ({
      code: 230,
      message: "undone",
      logURL: "",
      action: "Warning",
      tryAgain: true,
      shouldClientReset: false,
      isRecoveryModeDisabled: false,
      rejectedClientVersion: 1,
      rejectedUpdates: [{ table: "Note", pk: "AQ==", reason: "not yours" }],
    });

    const error = await firstError(await server.logIn(server.app()));

    assert.ok(error instanceof CompensatingWriteError);
    assert.ok(error instanceof SyncError);
    assert.deepEqual(error.writes, [
      { objectName: "Note", primaryKey: "AQ==", reason: "not yours" },
    ]);
  });

  it("tells of a server that has no such route", async () => {
    server.onUpgrade = 404;

    const error = await firstError(await server.logIn(server.app()));

    assert.equal(error.code, 1034);
    assert.equal(error.status, "SyncConnectFailed");
    assert.equal(error.isFatal, true);
  });

  it("tells of a log-in that was ended elsewhere, after which one may log in again", async () => {
    server.onUpgrade = 401;
    server.refreshStatus = 401;
    const app = server.app();
    const user = await server.logIn(app);
    let calls = 0;
    const count = () => ++calls;
    user.addListener(count);
    app.addListener(count);
    assert.throws(() => app.currentUser.addListener(count), /Remove callback before adding/);

    const error = await firstError(user);

    assert.equal(error.code, 4346);
    assert.equal(error.action, "LogOutUser");
    assert.equal(user.state, "LoggedOut");
    assert.equal(app.currentUser, null);
    assert.equal(realm.syncSession.state, "inactive");
    assert.equal(calls, 2);

    server.onUpgrade = () => ({ code: 0 });
    const again = await server.logIn(app);
    assert.equal(again.id, user.id);
    assert.equal(user.state, "LoggedIn");
    // The session is told on its own thread.
    while (realm.syncSession.state !== "active") await setImmediate();
    app.removeAllListeners();
    user.removeListener(count);
  });
});

describe("an error of the server's API", () => {
  const server = new DevServer();
  before(() => server.start());
  after(() => server.end());

  it("names an app that is not there", async () => {
    const app = new App({ id: "nothing", baseUrl: server.url, baseFilePath: server.folder });

    await assert.rejects(app.logIn(Credentials.anonymous()), (error) => {
      assert.ok(error instanceof Error);
      assert.equal(typeof error.code, "number");
      assert.match(error.message, /app/);
      return true;
    });
  });

  it("does not keep anybody from logging out, and in as somebody else", async () => {
    const app = server.app("users");
    const accounts = [1, 2].map((i) => ({ email: `u${i}@example.com`, password: "secret1" }));
    const users = [];
    for (const account of accounts) {
      await app.emailPasswordAuth.registerUser(account);
      users.push(await app.logIn(Credentials.emailPassword(account)));
    }

    assert.equal(app.currentUser.id, users[1].id);
    app.switchUser(users[0]);
    assert.equal(app.currentUser.id, users[0].id);
    await users[1].logOut();
    assert.throws(() => app.switchUser(users[1]), /not logged in/);
    assert.equal(app.allUsers[users[1].id].state, "LoggedOut");

    const nobody = await app.logIn(Credentials.anonymous(false));
    await nobody.logOut();
    assert.equal(nobody.state, "Removed");
    assert.equal(app.allUsers[nobody.id], undefined);
  });
});
