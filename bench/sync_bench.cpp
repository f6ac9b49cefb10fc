#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/open_file_limit.h"
#include "bench/support/bench_rows.h"
#include "bench/support/floor.h"
#include "bench/support/sync_fixture.h"

/// How fast does sync move what applications write? The server is `build/bin/tombolo` in its own
/// process, the devices are the C++ SDK in this one, and every commit on all sides is durable.

namespace tombolo::bench {
namespace {

std::string percent(double share) {
  return std::to_string(static_cast<int>(share * 100 + 0.5)) + " %";
}

/// What the measurements share. Each takes partitions and files of its own.
class SyncBench {
 public:
  explicit SyncBench(Bench& bench)
      : bench_(bench),
        server_(directory_.file("server")),
        a_(server_, directory_.file("a")),
        b_(server_, directory_.file("b")) {}

  /// Objects inserted while the session is paused; then sent; then received by another device.
  void transfer(std::int64_t batch, std::int64_t objects, double target) {
    const std::string name = batch == 1 ? "1 object a transaction" : "1,000 objects a transaction";
    const std::string uploads = "upload, " + name;
    const std::string downloads = "download, " + name;
    if (!bench_.selects(uploads) && !bench_.selects(downloads)) return;

    std::vector<double> local;
    std::vector<double> up;
    std::vector<double> down;
    for (int round = 0; round < kRounds; ++round) {
      const std::string partition = new_partition();
      Realm realm = a_.open(partition, partition);
      upload(realm);
      realm.sync_session()->pause();
      local.push_back(seconds([&] { insert(realm, 0, objects, batch); }));
      up.push_back(seconds([&] {
        realm.sync_session()->resume();
        upload(realm);
      }));
      down.push_back(seconds([&] {
        Realm other = b_.open(partition, partition);
        download(other);
        other.refresh();
        expect_objects(other, objects);
      }));
    }
    const auto count = static_cast<double>(objects);
    const double peer = count / median(local);
    bench_.row({.measure = uploads,
                .ours = count / median(up),
                .peer = peer,
                .unit = "objects/s",
                .target = target});
    bench_.row({.measure = downloads,
                .ours = count / median(down),
                .peer = peer,
                .unit = "objects/s",
                .target = target});
  }

  /// One object at a time, from before its commit on A to when B shows it.
  void latency() {
    if (!bench_.selects(kLatencyMedian) && !bench_.selects(kLatencyTail)) return;
    const std::string partition = new_partition();
    Realm sender = a_.open(partition, partition);
    Realm receiver = b_.open(partition, partition);
    upload(sender);
    download(receiver);
    const CommitWatch watch(receiver.path());
    CommitFloor commits(directory_.path(), 3);
    LoopbackFloor loopback;

    std::vector<double> ours;
    std::vector<double> floor;
    for (int i = 0; i < kChanges + kWarmUp; ++i) {
      const double one = seconds([&] {
        insert(sender, i, 1, 1);
        std::uint64_t seen = 0;
        while (receiver.refresh(), !receiver.find<Item>(i)) {
          watch.wait_for_more_than(std::exchange(seen, watch.count()));
        }
      });
      const double least = seconds([&] {
        commits.commit_each();
        loopback.round_trip();
        loopback.round_trip();
      });
      if (i < kWarmUp) continue;
      ours.push_back(one);
      floor.push_back(least);
    }
    bench_.row({.measure = kLatencyMedian,
                .ours = percentile(ours, 0.5),
                .peer = percentile(floor, 0.5),
                .unit = "s",
                .target = 3,
                .better = Better::kLess});
    bench_.row({.measure = kLatencyTail,
                .ours = percentile(ours, 0.99),
                .peer = percentile(floor, 0.99),
                .unit = "s",
                .target = 10,
                .better = Better::kLess});
  }

  /// Transactions one after the other while both are connected.
  void live() {
    const std::string measure = "2,000 live transactions arrive";
    if (!bench_.selects(measure)) return;
    std::vector<double> shares;
    const auto figures = medians(
        kRounds,
        [&] {
          const std::string partition = new_partition();
          Realm sender = a_.open(partition, partition);
          Realm receiver = b_.open(partition, partition);
          upload(sender);
          download(receiver);
          const CommitWatch watch(receiver.path());
          double committing = 0;
          const double arriving = seconds([&] {
            committing = seconds([&] { insert(sender, 0, kLiveTransactions, 1); });
            std::uint64_t seen = 0;
            while (receiver.refresh(), receiver.objects<Item>().size() < kLiveTransactions) {
              watch.wait_for_more_than(std::exchange(seen, watch.count()));
            }
          });
          shares.push_back(committing / arriving);
          return kLiveTransactions / arriving;
        },
        [&] {
          const std::string partition = new_partition();
          Realm alone = a_.open(partition, partition);
          upload(alone);
          alone.sync_session()->pause();
          return kLiveTransactions / seconds([&] { insert(alone, 0, kLiveTransactions, 1); });
        });
    bench_.row({.measure = measure,
                .ours = figures.ours,
                .peer = figures.peer,
                .unit = "commits/s",
                .target = 0.5});
    bench_.note("A was committing for " + percent(median(shares)) + " of the time");
  }

  /// Many sessions, each with a file and a connection of its own.
  void fan_out() {
    if (!bench_.selects(kConnect) && !bench_.selects(kFanOut) && !bench_.selects(kMemory)) return;
    raise_open_file_limit();
    // A server that has no memory to use again.
    const ServerFixture server(directory_.file("server-of-many"));
    const Device one(server, directory_.file("one"));
    std::optional<Realm> sender;
    std::optional<Device> many;
    std::vector<Realm> realms;
    std::vector<double> bytes;
    int commits = 0;
    const auto connect = [&] {
      const std::string partition = new_partition();
      sender = one.open(partition, partition);
      insert(*sender, 0, 1, 1);
      upload(*sender);
      realms.clear();
      many.emplace(
          server, directory_.file("many-" + partition), Device::Connections::kOneForEachSession);
      realms.push_back(many->open("first", partition));
      download(realms.front());
      const double bytes_before = server.anonymous_bytes();
      const double time = seconds([&] {
        for (int i = 1; i <= kSessions; ++i)
          realms.push_back(many->open("file-" + std::to_string(i), partition));
        for (const Realm& realm : realms) download(realm);
      });
      bytes.push_back((server.anonymous_bytes() - bytes_before) / kSessions);
      commits = commits_in(realms.back());
      return time;
    };
    const auto connecting = medians(kRounds, connect, [&] {
      realms.clear();
      many.reset();
      return commit_locally(commits);
    });
    bench_.row({.measure = kConnect,
                .ours = connecting.ours,
                .peer = connecting.peer,
                .unit = "s",
                .target = 2,
                .better = Better::kLess});
    bench_.note("the files' own commits, " + std::to_string(commits) + " in each, are " +
                percent(connecting.peer / connecting.ours) + " of it");

    static_cast<void>(connect());
    std::vector<double> ours;
    std::vector<double> floor;
    for (int round = 1; round <= kRounds; ++round) {
      ours.push_back(seconds([&] {
        insert(*sender, round, 1, 1);
        for (Realm& realm : realms) download_object(realm, round);
      }));
      floor.push_back(seconds([&] { commit_in_each(realms, 1'000 + round); }));
      for (const Realm& realm : realms) upload(realm);
    }
    bench_.row({.measure = kFanOut,
                .ours = median(ours),
                .peer = median(floor),
                .unit = "s",
                .target = 2,
                .better = Better::kLess});
    bench_.note("the files' own commits are " + percent(median(floor) / median(ours)) + " of it");
    bench_.row({.measure = kMemory,
                .ours = bytes.front(),  // Later ones find memory that those before have given back.
                .peer = 30'000,
                .unit = "B",
                .target = 1,
                .better = Better::kLess});
  }

 private:
  static constexpr int kRounds = 3;
  static constexpr int kWarmUp = 20;
  static constexpr int kChanges = 300;
  static constexpr int kLiveTransactions = 2'000;
  static constexpr int kSessions = 1'000;
  static constexpr const char* kLatencyMedian = "one change from A to B, p50, against the floor";
  static constexpr const char* kLatencyTail = "one change from A to B, p99, against the floor";
  static constexpr const char* kConnect =
      "1,000 files open, connect and catch up, against their commits";
  static constexpr const char* kFanOut = "one change to 1,000 sessions, against the files' commits";
  static constexpr const char* kMemory = "server memory an idle session";

  [[nodiscard]] std::string new_partition() { return "p" + std::to_string(++partitions_); }

  /// Waits until the realm has an object that others made.
  static void download_object(Realm& realm, std::int64_t id) {
    if (realm.refresh(), realm.find<Item>(id)) return;
    const CommitWatch watch(realm.path());
    std::uint64_t seen = 0;
    while (realm.refresh(), !realm.find<Item>(id)) {
      watch.wait_for_more_than(std::exchange(seen, watch.count()));
    }
  }

  [[nodiscard]] static int commits_in(const Realm& realm) {
    return static_cast<int>(store::Environment::open(realm.path())->newest_commit().value());
  }

  /// As many local files, opened and given commits until they have had `commits` each. They stay
  /// until the end: ext4 searches long for inodes beside such as have just been given back.
  [[nodiscard]] double commit_locally(int commits) {
    const auto directory = directory_.file("local-" + std::to_string(++local_directories_));
    std::filesystem::create_directory(directory);
    std::vector<Realm> realms;
    return seconds([&] {
      for (int i = 0; i <= kSessions; ++i)
        realms.push_back(
            Realm::open({.path = directory / std::to_string(i), .schema = schema_of<Item>()}));
      for (int made = commits_in(realms.front()); made < commits; ++made)
        commit_in_each(realms, made);
    });
  }

  /// The same work that the fan-out makes in the files, by as many threads, without sync.
  static void commit_in_each(const std::vector<Realm>& realms, std::int64_t value) {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < realms.size(); i = next++) {
        auto transaction = store::Environment::open(realms[i].path())->begin_write();
        transaction.realm().metadata().put(as_bytes("bench/value"),
                                           as_bytes(std::to_string(value)));
        transaction.commit();
      }
    };
    std::thread other(work);
    work();
    other.join();
  }

  Bench& bench_;
  const test::TemporaryDirectory directory_;
  ServerFixture server_;
  Device a_;
  Device b_;
  int partitions_ = 0;
  int local_directories_ = 0;
};

}  // namespace
}  // namespace tombolo::bench

int main(int argc, char** argv) {
  using namespace tombolo::bench;
  Bench bench{argc, argv};
  SyncBench sync(bench);
  sync.transfer(1'000, 100'000, 0.6);
  sync.transfer(1, 2'000, 0.3);
  sync.latency();
  sync.live();
  sync.fan_out();
  return bench.finish();
}
