// What one does with a sync session: `node doggies.mjs URL FOLDER`, after `npm install`, with a
// server started by `tombolo serve --dev --data DATA --listen HOST:PORT`.
import { rmSync } from "node:fs";
import { join } from "node:path";

import Realm from "tombolo";

class Doggie extends Realm.Object {
  static schema = {
    name: "Doggie",
    primaryKey: "_id",
    properties: { _id: "int", name: "string", age: "int" },
  };
}

const [baseUrl, folder] = process.argv.slice(2);
const app = new Realm.App({ id: "dev", baseUrl, baseFilePath: folder });
const user = app.currentUser ?? (await app.logIn(Realm.Credentials.anonymous()));

const opening = Realm.open({
  schema: [Doggie],
  sync: {
    user,
    partitionValue: "doggies",
    existingRealmFileBehavior: {
      type: "downloadBeforeOpen",
      timeOut: 2000,
      timeOutBehavior: "openLocalRealm",
    },
    onError: (session, error) => console.error(`${error.status}: ${error.message}`),
  },
});
opening.progress((estimate) => console.log(`${Math.round(estimate * 100)} % here`));
const realm = await opening;
console.log(`${realm.objects(Doggie).length} doggies so far`);

const { syncSession } = realm;
const onConnection = (newState, oldState) => console.log(`from ${oldState} to ${newState}`);
syncSession.addConnectionNotification(onConnection);
const onProgress = (transferred, transferable) =>
  console.log(`${transferred} of ${transferable} bytes sent`);
syncSession.addProgressNotification("upload", "reportIndefinitely", onProgress);

realm.write(() => realm.create(Doggie, { _id: 1, name: "Clifford", age: 12 }, "modified"));
await syncSession.uploadAllLocalChanges();

syncSession.pause(); // What is written now is kept, and sent later.
realm.write(() => {
  realm.objectForPrimaryKey(Doggie, 1).age += 1;
});
syncSession.resume();
await syncSession.uploadAllLocalChanges(10_000);

syncSession.removeProgressNotification(onProgress);
syncSession.removeConnectionNotification(onConnection);

const path = join(folder, "doggies-for-good.realm");
rmSync(path, { force: true });
realm.writeCopyTo({ path }); // A local realm: it never syncs again.
const copy = new Realm({ path });
console.log(`${copy.objects("Doggie").length} doggies kept`);

copy.close();
realm.close(); // With nothing open any more, the process ends by itself.
