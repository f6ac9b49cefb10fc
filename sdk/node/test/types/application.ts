// An application in TypeScript: compiled, never run.

import Realm, { BSON, List, Object as RealmObject, OrderedCollection, User } from "tombolo";

class Dog extends Realm.Object<Dog, "name"> {
  name!: string;
  age!: Realm.Types.Int;
  owners!: Realm.Results<Person>;
  static schema: Realm.ObjectSchema = {
    name: "Dog",
    primaryKey: "name",
    properties: {
      name: "string",
      age: { type: "int", default: 0 },
      owners: { type: "linkingObjects", objectType: "Person", property: "dogs" },
    },
  };
  get isOld(): boolean {
    return this.age > 12;
  }
}

class Person extends RealmObject<Person> {
  _id!: BSON.ObjectId;
  dogs!: Realm.List<Dog>;
  tags!: Realm.Set<string>;
  notes!: Realm.Dictionary<Realm.Mixed>;
  visits!: Realm.Counter;
  static schema = { name: "Person", properties: { _id: "objectId", dogs: "Dog[]" } };
}

interface Note {
  text: string;
}

export function use(user: User, key: Realm.PrimaryKey): void {
  const config: Realm.Configuration = {
    schema: [Dog, Person],
    sync: { user, partitionValue: "p", _sessionStopPolicy: Realm.SessionStopPolicy.Never },
  };
  const realm: Realm = new Realm(config);
  const listener: Realm.RealmListenerCallback = (changed, name) => console.log(changed.path, name);
  realm.addListener("change", listener);
  realm.write(() => {
    const dog: Dog = new Dog(realm, { name: "Rex" });
    realm.create(Person, { _id: new BSON.ObjectId(), dogs: [dog, { name: "Lassie", age: 3 }] });
    realm.create(Dog, { name: "Rex", age: 4 }, Realm.UpdateMode.Modified);
    realm.create<Note>("Note", { text: "" }).text = "typed";
    realm.create("Note", { text: "" }).text = "untyped";
    // @ts-expect-error: an age is a number.
    realm.create(Dog, { name: "Rex", age: "4" });
    // @ts-expect-error: the name is required.
    new Dog(realm, { age: 4 });
  });
  const dogs: Realm.Results<Dog> = realm.objects(Dog).filtered("age > $0", 3).sorted("age", true);
  const old: boolean | undefined = dogs[0]?.isOld;
  const ages: number = dogs.map(({ age }) => age).reduce((sum, age) => sum + age);
  const person: Person | null = realm.objectForPrimaryKey(Person, key);
  person?.dogs.push(...dogs);
  person?.addListener((object: Person, changes: Realm.ObjectChangeSet) => {
    console.log(object.dogs, changes.changedProperties);
  }, "dogs");
  const callback: Realm.CollectionChangeCallback<OrderedCollection<Dog>> = (
    collection,
    changes,
  ) => {
    console.log(collection.length, changes.insertions, old, ages);
  };
  dogs.addListener(callback);
  const everything: List<unknown> | undefined = person?.dogs as List<unknown> | undefined;
  console.log(everything, person?.visits.value, Realm.kmToRadians(1));
}
