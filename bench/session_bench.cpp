#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "base/open_file_limit.h"
#include "bench/support/bench_rows.h"
#include "bench/support/floor.h"
#include "bench/support/sync_fixture.h"
#include "client/app.h"

/// What sync sessions cost, and how quickly they obey. The server is `build/bin/tombolo` in its own
/// process, the devices are the C++ SDK in this one, and every commit on all sides is durable.

namespace tombolo::bench {
namespace {

/// The processor time of this process so far, in seconds.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

int descriptors(const std::string& process) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

/// The system's clocks, and the hours that a test lets pass on them.
class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return system_clock().now() + passed_.load(); }
  [[nodiscard]] WallTime wall_now() const override {
    return system_clock().wall_now() +
           std::chrono::duration_cast<std::chrono::milliseconds>(passed_.load());
  }
  void pass(Duration duration) { passed_ = passed_.load() + duration; }

 private:
  std::atomic<Duration> passed_{Duration(0)};
};

class SessionBench {
 public:
  explicit SessionBench(Bench& bench) : bench_(bench) {}

  /// A session that receives without end is paused and resumed.
  void pause_and_resume() {
    if (!bench_.selects(kPause) && !bench_.selects(kResume)) return;
    const ServerFixture server(directory_.file("server-of-pauses"));
    const Device a(server, directory_.file("pausing-a"));
    const Device b(server, directory_.file("pausing-b"));
    Realm sender = a.open("sender", "pauses");
    Realm receiver = b.open("receiver", "pauses");
    download(receiver);
    SyncSession session = *receiver.sync_session();
    LoopbackFloor loopback;
    std::atomic<bool> is_over = false;
    std::thread writing([&] {
      for (std::int64_t id = 0; !is_over; ++id) insert(sender, id, 1, 1);
    });

    std::vector<double> pauses;
    std::vector<double> resumes;
    std::vector<double> floor;
    for (int round = 0; round < kRounds; ++round) {
      const std::uint64_t before = session.stats().bytes_received;
      while (session.stats().bytes_received == before) std::this_thread::yield();
      const auto begin = std::chrono::steady_clock::now();
      session.pause();
      // Of anything that the server says on the connection, not just of what the session takes.
      auto last = begin;
      for (auto now = begin; now - last < kSilence; now = std::chrono::steady_clock::now()) {
        if (const auto age = session.stats().last_message_age) last = std::max(last, now - *age);
      }
      pauses.push_back(std::chrono::duration<double>(last - begin).count());
      resumes.push_back(seconds([&] {
        const std::uint64_t received = session.stats().bytes_received;
        session.resume();
        while (session.stats().bytes_received == received) std::this_thread::yield();
      }));
      floor.push_back(seconds([&] { loopback.round_trip(); }));
    }
    is_over = true;
    writing.join();
    bench_.row({.measure = kPause,
                .ours = median(pauses),
                .peer = 0.010,
                .unit = "s",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = kResume,
                .ours = median(resumes),
                .peer = 0.010,
                .unit = "s",
                .target = 1,
                .better = Better::kLess});
    bench_.note("a loopback round trip takes " +
                std::to_string(static_cast<int>(median(floor) * 1e6)) + " us");
  }

  /// The server goes, and comes back at the same address some time later.
  void reconnect() {
    if (!bench_.selects(kReconnect)) return;
    const auto data = directory_.file("server-that-goes");
    auto server = std::make_unique<ServerFixture>(data);
    const std::string address = server->url().substr(server->url().find("//") + 2);
    const Device device(*server, directory_.file("left"));
    const Realm realm = device.open("file", "left");
    download(realm);
    SyncSession session = *realm.sync_session();
    std::vector<double> times;
    for (int round = 0; round < 3; ++round) {
      server.reset();
      // Until it has tried in vain often enough to wait for a while.
      while (session.stats().next_retry.value_or(std::chrono::milliseconds(0)) < kLongDelay) {
        std::this_thread::yield();
      }
      server = std::make_unique<ServerFixture>(data, address);
      times.push_back(seconds([&] {
        session.resume();
        while (!session.is_connected()) std::this_thread::yield();
      }));
    }
    bench_.row({.measure = kReconnect,
                .ours = median(times),
                .peer = 0.1,
                .unit = "s",
                .target = 1,
                .better = Better::kLess});
  }

  /// The device was off the network for an hour, as its clock says, and the server is there again:
  /// its token has expired, and the back-off has reached its longest delay.
  void return_after_an_hour() {
    if (!bench_.selects(kReturn) && !bench_.selects(kFirstByte)) return;
    const auto data = directory_.file("server-of-the-return");
    auto server = std::make_unique<ServerFixture>(data);
    const std::string address = server->url().substr(server->url().find("//") + 2);
    SimulatedClock clock;
    const auto app = client::App::open({.id = "dev",
                                        .base_url = server->url(),
                                        .base_path = directory_.file("returning"),
                                        .clock = clock});
    std::promise<std::shared_ptr<client::User>> logged_in;
    app->log_in(client::Credentials::anonymous(),
                [&](const auto& user) { logged_in.set_value(user.value()); });
    const auto user = logged_in.get_future().get();
    const auto session =
        user->session_of(store::Environment::open(directory_.file("returning-file")),
                         {.partition = "\"returning\""});
    const client::SyncSession::Use use = session->use();

    std::vector<double> connecting;
    std::vector<double> receiving;
    const auto is_connected = [&] {
      return session->connection_state() == sync::ConnectionState::kConnected;
    };
    for (int round = 0; round < kReturns; ++round) {
      while (!is_connected()) std::this_thread::yield();
      server.reset();
      while (session->stats().next_retry.value_or(Duration(0)) < kLongDelay) {
        std::this_thread::yield();
      }
      clock.pass(std::chrono::hours(1));
      server = std::make_unique<ServerFixture>(data, address);
      const std::uint64_t received = session->stats().session.bytes_received;
      const auto begin = std::chrono::steady_clock::now();
      const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      };
      session->resume();
      while (!is_connected()) std::this_thread::yield();
      connecting.push_back(elapsed());
      while (session->stats().session.bytes_received == received) std::this_thread::yield();
      receiving.push_back(elapsed());
    }
    for (const auto& [measure, times] : {std::pair(kReturn, connecting), {kFirstByte, receiving}}) {
      bench_.row({.measure = measure,
                  .ours = median(times),
                  .peer = 0.1,
                  .unit = "s",
                  .target = 1,
                  .better = Better::kLess});
    }
  }

  /// As many sessions on one connection and on one each.
  void multiplex() {
    if (!bench_.selects(kMultiplexed)) return;
    raise_open_file_limit();
    // The first of each: later ones find memory that those before them have given back.
    std::vector<Crowd> shared;
    std::vector<Crowd> separate;
    const Medians connecting = medians(
        kCrowds,
        [&] { return shared.emplace_back(open_crowd(Device::Connections::kOne)).connecting; },
        [&] {
          return separate.emplace_back(open_crowd(Device::Connections::kOneForEachSession))
              .connecting;
        });
    const std::string prefix = std::string(kMultiplexed) + ", ";
    bench_.row({.measure = prefix + "time to connect all",
                .ours = connecting.ours,
                .peer = connecting.peer,
                .unit = "s",
                .target = 1.1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "server's sockets",
                .ours = static_cast<double>(shared.front().server_descriptors),
                .peer = static_cast<double>(separate.front().server_descriptors),
                .unit = "fds"});
    bench_.row({.measure = prefix + "client's memory a session",
                .ours = shared.front().client_bytes,
                .peer = 10'000,
                .unit = "B",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "server's memory a session",
                .ours = shared.front().server_bytes,
                .peer = 10'000,
                .unit = "B",
                .target = 1,
                .better = Better::kLess});
    bench_.note("with a connection each: client " +
                std::to_string(static_cast<int>(separate.front().client_bytes)) + " B, server " +
                std::to_string(static_cast<int>(separate.front().server_bytes)) + " B");
  }

  /// Many times as many sessions of files that the application has dropped.
  void many_files() {
    if (!bench_.selects(kManyFiles)) return;
    const ServerFixture server(directory_.file("server-of-many"));
    const Device device(server, directory_.file("many"));
    const Device other(server, directory_.file("other"));
    const auto file = [](int i) { return "file-" + std::to_string(i); };
    download(device.open("first", "first", StopPolicy::kNever));

    const Resources before = resources("self");
    const Resources server_before = resources(server.process());
    const double connecting = seconds([&] {
      for (int i = 0; i < kFiles; ++i) (void)device.open(file(i), file(i), StopPolicy::kNever);
      settle(device.sessions());
    });
    const Resources after = resources("self");
    const Resources server_after = resources(server.process());
    // What arrives for some of them.
    const double arriving = seconds([&] {
      for (int i = 0; i < kFiles; i += kFiles / kArrivals) {
        Realm realm = other.open(file(i), file(i));
        insert(realm, 0, 1, 1);
        upload(realm);
      }
      settle(device.sessions());
    });
    for (int i = 0; i < kFiles; i += kFiles / kArrivals)
      expect_objects(device.open(file(i), file(i), StopPolicy::kNever), 1);

    const std::string prefix = std::string(kManyFiles) + ", ";
    bench_.row({.measure = prefix + "time until all are up to date",
                .ours = connecting,
                .peer = 60,
                .unit = "s",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "client's sockets",
                .ours = static_cast<double>(after.sockets - before.sockets + 1),
                .peer = 1,
                .unit = "fds",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "server's sockets",
                .ours = static_cast<double>(server_after.sockets - server_before.sockets + 1),
                .peer = 1,
                .unit = "fds",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "client's memory a session",
                .ours = (after.bytes - before.bytes) / kFiles,
                .peer = 10'000,
                .unit = "B",
                .target = 1,
                .better = Better::kLess});
    bench_.row({.measure = prefix + "server's memory a session",
                .ours = (server_after.bytes - server_before.bytes) / kFiles,
                .peer = 10'000,
                .unit = "B",
                .target = 1,
                .better = Better::kLess});
    bench_.note("the client has " + std::to_string(after.descriptors) + " descriptors; " +
                std::to_string(kArrivals) + " arrivals took " +
                std::to_string(static_cast<int>(arriving * 1e3)) + " ms");
  }

  /// Small commits of one session while another one on the same connection sends all it can.
  void neighbours() {
    if (!bench_.selects(kNeighbour)) return;
    const ServerFixture server(directory_.file("server-of-neighbours"));
    const Device device(server, directory_.file("neighbours"));
    Realm small = device.open("small", "small");
    Realm big = device.open("big", "big");
    upload(small);
    std::int64_t id = 0;
    const auto rate = [&] {
      return kSmallCommits / seconds([&] {
               for (int i = 0; i < kSmallCommits; ++i) {
                 insert(small, id++, 1, 1);
                 upload(small);
               }
             });
    };
    std::vector<double> alone;
    std::vector<double> beside;
    for (std::int64_t round = 0; round < 3; ++round) {
      alone.push_back(rate());
      big.sync_session()->pause();
      insert(big, round * kBigObjects, kBigObjects, 1'000);
      big.sync_session()->resume();
      beside.push_back(rate());
      upload(big);
    }
    bench_.row({.measure = kNeighbour,
                .ours = median(beside),
                .peer = median(alone),
                .unit = "commits/s",
                .target = 0.3});
  }

  /// The same upload with somebody watching and without, in processor time, in pairs: the
  /// difference is smaller than what one upload differs from the next by.
  void progress() {
    if (!bench_.selects(kProgress) && !bench_.selects(kProgressOfOne)) return;
    const ServerFixture server(directory_.file("server-of-progress"));
    const Device device(server, directory_.file("progress"));
    std::atomic<int> calls = 0;
    int files = 0;
    const auto cost = [&](int watchers) {
      const std::string name = "file-" + std::to_string(++files);
      Realm realm = device.open(name, name);
      upload(realm);
      realm.sync_session()->pause();
      insert(realm, 0, kWatchedObjects, 1'000);
      std::vector<NotificationToken> tokens;
      for (int i = 0; i < watchers; ++i) {
        tokens.push_back(realm.sync_session()->observe_progress(
            SyncDirection::kUpload, ProgressMode::kReportIndefinitely, [&](const SyncProgress&) {
              ++calls;
            }));
      }
      const double before = cpu_seconds();
      realm.sync_session()->resume();
      upload(realm);
      return cpu_seconds() - before;
    };
    static_cast<void>(cost(1));  // The first upload of all makes what others find.
    const auto compare = [&](const char* measure, int watchers, std::optional<double> target) {
      calls = 0;
      const PairedRatio ratio = paired_ratio(
          kProgressPairs, [&] { return cost(watchers); }, [&] { return cost(0); });
      bench_.row({.measure = measure,
                  .ours = 1 + (ratio.median - 1) / watchers,
                  .peer = 1,
                  .unit = "x",
                  .target = target,
                  .better = Better::kLess});
      std::array<char, 128> text{};
      std::snprintf(text.data(),
                    text.size(),
                    "with %d: the middle half of %d pairs from %.3f to %.3f; %d calls an upload",
                    watchers,
                    kProgressPairs,
                    ratio.quarter,
                    ratio.three_quarters,
                    calls / kProgressPairs);
      bench_.note(text.data());
    };
    // What one callback costs is less than what two uploads differ by, so it is the hundredth part
    // of what a hundred cost that has to be small; the single one is there to be seen.
    compare(kProgress, kWatchers, 1.01);
    compare(kProgressOfOne, 1, std::nullopt);
  }

 private:
  static constexpr int kRounds = 20;
  static constexpr int kReturns = 5;
  static constexpr int kSessions = 1'000;
  static constexpr int kFiles = 10'000;
  static constexpr int kArrivals = 50;
  static constexpr int kSmallCommits = 100;
  static constexpr std::int64_t kBigObjects = 300'000;
  static constexpr std::int64_t kWatchedObjects = 50'000;
  static constexpr int kProgressPairs = 40;
  static constexpr int kWatchers = 100;
  static constexpr std::chrono::milliseconds kSilence{50};
  static constexpr std::chrono::milliseconds kLongDelay{3'000};
  static constexpr const char* kPause = "pause to the last byte, against 10 ms";
  static constexpr const char* kResume = "resume to the first byte, against 10 ms";
  static constexpr const char* kReconnect = "resume after the server came back, against 100 ms";
  static constexpr const char* kReturn = "resume after an hour offline, against 100 ms";
  static constexpr const char* kFirstByte = "the same to the first byte, against 100 ms";
  static constexpr const char* kMultiplexed = "1,000 sessions on a connection";
  static constexpr int kCrowds = 5;
  static constexpr const char* kManyFiles = "10,000 files that nobody has open";
  static constexpr const char* kNeighbour = "commits beside a neighbour's upload, against alone";
  static constexpr const char* kProgress = "upload, for each of 100 that watch, against unwatched";
  static constexpr const char* kProgressOfOne = "upload that one watches, against unwatched";

  struct Resources {
    int descriptors = 0;
    int sockets = 0;
    double bytes = 0;
  };
  [[nodiscard]] static Resources resources(const std::string& process) {
    Resources found{.bytes = anonymous_bytes(process)};
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + process + "/fd")) {
      std::error_code gone;
      ++found.descriptors;
      if (std::filesystem::read_symlink(entry, gone).string().starts_with("socket:"))
        ++found.sockets;
    }
    return found;
  }
  static void settle(const std::vector<SyncSession>& sessions) {
    std::vector<std::future<Result<void>>> waits;
    for (SyncSession session : sessions) {
      waits.push_back(session.wait_for_upload(std::chrono::minutes(2)));
      waits.push_back(session.wait_for_download(std::chrono::minutes(2)));
    }
    for (auto& wait : waits) wait.get().value();
  }

  struct Crowd {
    double connecting = 0;
    double client_bytes = 0;
    double server_bytes = 0;
    int server_descriptors = 0;
  };

  /// Opens the files, first without sync, to know what they take by themselves.
  [[nodiscard]] static Crowd open_crowd(Device::Connections connections) {
    const test::TemporaryDirectory directory;
    const ServerFixture server(directory.file("server"));
    const auto files = directory.file("files");
    const Device device(server, files, connections);
    const auto file = [](int i) { return "file-" + std::to_string(i); };
    const std::string partition = "crowd";
    std::vector<Realm> realms{device.open("first", partition)};
    download(realms.front());

    // These stay open, so that the others find no memory to use again.
    const double empty = anonymous_bytes("self");
    std::vector<Realm> local;
    for (int i = 0; i < kSessions; ++i) {
      local.push_back(Realm::open(
          {.path = files / ("local-" + std::to_string(i)), .schema = schema_of<Item>()}));
    }
    const double client_before = anonymous_bytes("self");
    const double server_before = server.anonymous_bytes();
    Crowd crowd;
    const int descriptors_before = descriptors(server.process());
    crowd.connecting = seconds([&] {
      for (int i = 0; i < kSessions; ++i) realms.push_back(device.open(file(i), partition));
      for (const Realm& realm : realms) download(realm);
    });
    const double local_bytes = client_before - empty;
    crowd.client_bytes = (anonymous_bytes("self") - client_before - local_bytes) / kSessions;
    crowd.server_bytes = (server.anonymous_bytes() - server_before) / kSessions;
    crowd.server_descriptors = descriptors(server.process()) - descriptors_before;
    return crowd;
  }

  Bench& bench_;
  const test::TemporaryDirectory directory_;
};

}  // namespace
}  // namespace tombolo::bench

int main(int argc, char** argv) {
  using namespace tombolo::bench;
  Bench bench{argc, argv};
  SessionBench sessions(bench);
  sessions.pause_and_resume();
  sessions.reconnect();
  sessions.return_after_an_hour();
  sessions.multiplex();
  sessions.many_files();
  sessions.neighbours();
  sessions.progress();
  return bench.finish();
}
