import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { BSON, Credentials, TypeAssertionError } from "tombolo";

import { DevServer } from "../support/dev-server.mjs";
import { ScriptedServer } from "../support/scripted-server.mjs";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int" } };

const server = new DevServer();
let test = 0;
before(() => server.start());
after(() => server.end());
beforeEach(() => ++test);
afterEach(() => server.closeRealms());

let accounts = 0;
/** Credentials that are registered. */
async function register(app) {
  const account = { email: `user-${++accounts}@example.com`, password: "secret1" };
  await app.emailPasswordAuth.registerUser(account);
  return { ...account, credentials: Credentials.emailPassword(account) };
}
/** A user with an email, of an app of its own. */
async function newUser(device) {
  const app = server.app(device);
  const account = await register(app);
  return { app, ...account, user: await app.logIn(account.credentials) };
}
function open(user, name = "p") {
  return server.open({ schema: [Note], sync: { user, partitionValue: `${name}${test}` } });
}
const write = (realm, _id) => realm.write(() => realm.create("Note", { _id }));

/** Settles when `listen` has been called back with `condition` being true. */
function until(condition, listen) {
  return new Promise((resolve) => {
    const settle = () => condition() && resolve();
    listen(settle);
    settle();
  });
}
/** Files are removed by another thread. */
async function untilGone(path) {
  while (existsSync(path)) await new Promise(setImmediate);
}

describe("what is known of a user", () => {
  it("are identities and the profile that the server has", async () => {
    const { app, user, email } = await newUser("known");

    assert.equal(user.identities.length, 1);
    assert.equal(user.identities[0].providerType, "local-userpass");
    assert.equal(typeof user.identities[0].id, "string");
    assert.deepEqual(user.profile, { email });
    assert.deepEqual(user.customData, {});
    assert.equal(server.app("known").currentUser.profile.email, email, "it is remembered");
    assert.deepEqual(Object.keys(app.allUsers), [user.id]);
  });

  it("has profile names as applications know them, and Extended JSON read", async () => {
    const scripted = new ScriptedServer();
    await scripted.start();
    scripted.profile = { first_name: "Ada", picture_url: "x.png", min_age: "21", team: "blue" };
    scripted.userData = { team: { $oid: "6567fe3a2a6f0d3b1c9a0001" }, level: { $numberInt: "3" } };

    const user = await scripted.logIn(scripted.app());

    assert.deepEqual(user.profile, {
      firstName: "Ada",
      pictureUrl: "x.png",
      minAge: "21",
      team: "blue",
    });
    assert.ok(user.customData.team instanceof BSON.ObjectId);
    assert.equal(user.customData.level, 3);

    // And custom data are as of the newest token.
    let calls = 0;
    user.addListener(() => ++calls);
    user.app.addListener(() => ++calls);
    scripted.userData = { level: 4 };
    assert.deepEqual(await user.refreshCustomData(), { level: 4 });
    assert.deepEqual(user.customData, { level: 4 });
    assert.equal(calls, 2);
    scripted.refreshStatus = 401;
    await assert.rejects(user.refreshCustomData(), /invalid session/);
    assert.equal(user.isLoggedIn, true, "no session asked for the token");
    user.removeAllListeners();
    user.app.removeAllListeners();
    scripted.end();
  });

  it("refreshes its custom data with the real server", async () => {
    const { user } = await newUser("refreshed");
    const before = user.accessToken;

    assert.deepEqual(await user.refreshCustomData(), {});

    assert.equal(typeof user.accessToken, "string");
    assert.equal(typeof before, "string");
    await user.logOut();
    assert.deepEqual(user.customData, {});
    await assert.rejects(user.refreshCustomData(), { code: "Authentication" });
  });
});

describe("linkCredentials", () => {
  it("makes an anonymous user one who can log in again, with all data", async () => {
    const app = server.app("linked");
    const user = await app.logIn(Credentials.anonymous());
    const realm = open(user);
    write(realm, 1);
    const { email, credentials } = await register(app);
    let calls = 0;
    app.addListener(() => ++calls);
    user.addListener(() => ++calls);

    await user.linkCredentials(credentials);

    assert.deepEqual(
      user.identities.map(({ providerType }) => providerType),
      ["anon-user", "local-userpass"],
    );
    assert.equal(user.profile.email, email);
    assert.equal(calls, 2);
    app.removeAllListeners();
    user.removeAllListeners();
    const { path } = realm;
    await realm.syncSession.uploadAllLocalChanges();
    await user.logOut();
    assert.equal(user.state, "LoggedOut");
    assert.ok(existsSync(path));
    const again = await app.logIn(credentials);
    assert.equal(again.id, user.id);
    write(realm, 2);
    await realm.syncSession.uploadAllLocalChanges();
    const other = await app.logIn(Credentials.anonymous());
    assert.notEqual(other.id, user.id, "who was linked is not taken for an anonymous user");
  });

  it("takes no identity of somebody else, nor one that does not exist", async () => {
    const { credentials } = await newUser("owner");
    const user = await server.logIn("thief");

    await assert.rejects(user.linkCredentials(credentials), (error) => {
      assert.equal(typeof error.code, "number");
      return true;
    });
    const unknown = Credentials.emailPassword("nobody@example.com", "secret1");
    await assert.rejects(user.linkCredentials(unknown), { code: 4349 });
    await assert.rejects(user.linkCredentials("email"), TypeAssertionError);
    assert.equal(user.identities.length, 1);
    assert.equal(user.isLoggedIn, true);
  });
});

describe("logging out", () => {
  it("of an anonymous user removes its files once they are closed", async () => {
    const app = server.app("anonymous");
    const user = await app.logIn(Credentials.anonymous());
    const realm = open(user);
    const { path } = realm;
    await realm.syncSession.uploadAllLocalChanges();
    write(realm, 1);

    await user.logOut();

    assert.equal(user.state, "Removed");
    assert.deepEqual(app.allUsers, {});
    assert.equal(realm.objects("Note").length, 1, "what is open stays");
    realm.close();
    await untilGone(path);
  });

  it("of others keeps them", async () => {
    const { app, user } = await newUser("kept");
    const realm = open(user);
    const { path } = realm;
    await realm.syncSession.uploadAllLocalChanges();
    realm.close();

    await user.logOut();

    assert.equal(app.allUsers[user.id].state, "LoggedOut");
    assert.ok(existsSync(path));
  });
});

describe("removeUser", () => {
  it("forgets the user, and removes files that the server has", async () => {
    const { app, user, credentials } = await newUser("removed");
    const [uploaded, unsent] = ["uploaded", "unsent"].map((name) => open(user, name));
    const paths = [uploaded.path, unsent.path];
    write(uploaded, 1);
    await uploaded.syncSession.uploadAllLocalChanges();
    unsent.syncSession.pause();
    write(unsent, 2);
    server.closeRealms();
    const told = until(
      () => app.currentUser === null,
      (settle) => app.addListener(settle),
    );

    await app.removeUser(user);
    await told;

    assert.equal(user.state, "Removed");
    assert.deepEqual(app.allUsers, {});
    assert.throws(() => app.switchUser(user), /knows no user/);
    await assert.rejects(app.removeUser(user), { code: "NotFound" });
    await untilGone(paths[0]);
    assert.ok(existsSync(paths[1]), "it has what is nowhere else");
    // The account is still there, and what was not sent goes on.
    const again = await app.logIn(credentials);
    assert.equal(again.id, user.id);
    const realm = open(again, "unsent");
    await realm.syncSession.uploadAllLocalChanges();
    assert.equal(realm.objects("Note").length, 1);
    app.removeAllListeners();
  });

  it("removes at the next start what was open", async () => {
    const { app, user } = await newUser("restarted");
    const realm = open(user);
    const { path } = realm;
    await realm.syncSession.uploadAllLocalChanges();

    await app.removeUser(user);
    assert.ok(existsSync(path));
    realm.close();
    const next = server.app("restarted");
    await untilGone(path);
    assert.deepEqual(next.allUsers, {});
  });

  it("takes users only", async () => {
    const app = server.app("users-only");
    await assert.rejects(app.removeUser("somebody"), TypeAssertionError);
    await assert.rejects(app.deleteUser(null), TypeAssertionError);
    assert.throws(() => app.switchUser({}), TypeAssertionError);
  });
});

describe("deleteUser", () => {
  it("removes the account and the files", async () => {
    const { app, user, credentials } = await newUser("deleted");
    const realm = open(user);
    const { path } = realm;
    realm.syncSession.pause();
    write(realm, 1);
    realm.close();

    await app.deleteUser(user);

    assert.equal(user.state, "Removed");
    assert.equal(app.currentUser, null);
    await assert.rejects(app.logIn(credentials), { code: 4349 });
    await untilGone(path);
  });

  it("leaves all as it was when it fails", async () => {
    const { app, user } = await newUser("undeleted");
    await user.logOut();
    await assert.rejects(app.deleteUser(user), { code: "Authentication" });
    assert.equal(app.allUsers[user.id].state, "LoggedOut");

    const scripted = new ScriptedServer();
    await scripted.start();
    const other = await scripted.logIn(scripted.app());
    await assert.rejects(other.app.deleteUser(other));
    assert.equal(other.isLoggedIn, true);
    scripted.end();
  });
});
