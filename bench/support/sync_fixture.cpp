#include "bench/support/sync_fixture.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include <signal.h>

namespace tombolo::bench {
namespace {

constexpr std::chrono::minutes kPatience{1};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(2);
}

void check(const Result<void>& outcome, const char* what) {
  if (!outcome) give_up(std::string(what) + ": " + outcome.error().describe());
}

User log_in(App& app) {
  auto user = app.log_in(Credentials::anonymous()).get();
  if (!user) give_up("logging in: " + user.error().describe());
  return *user;
}

}  // namespace

ServerFixture::ServerFixture(const std::filesystem::path& data, const std::string& listen)
    : process_({"serve", "--dev", "--data", data.string(), "--listen", listen}) {
  errors_ = std::thread([this] { static_cast<void>(process_.read_errors()); });
  const std::string line = process_.read_line().value_or("");
  const std::size_t url = line.find("http");
  if (url == std::string::npos) give_up("the server does not start: " + line);
  url_ = line.substr(url);
}

ServerFixture::~ServerFixture() {
  process_.send_signal(SIGTERM);
  errors_.join();
}

double anonymous_bytes(const std::string& process) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == "RssAnon:" && status >> kibibytes) return kibibytes * 1024;
  }
  give_up("the memory of process " + process + " cannot be read");
}

CommitWatch::CommitWatch(const std::filesystem::path& file)
    : environment_(store::Environment::open(file)) {
  observation_ = environment_->observe([this](const std::shared_ptr<const store::Commit>&) {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  });
}

std::uint64_t CommitWatch::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void CommitWatch::wait_for_more_than(std::uint64_t count) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return count_ > count; }))
    give_up("nothing arrives");
}

Device::Device(const ServerFixture& server,
               std::filesystem::path directory,
               Connections connections)
    : directory_(std::move(directory)),
      app_({.id = "dev",
            .base_url = server.url(),
            .base_path = directory_,
            .multiplex_sessions = connections == Connections::kOne}),
      user_(log_in(app_)) {}

Realm Device::open(const std::string& name,
                   const std::string& partition,
                   StopPolicy stop_policy) const {
  return Realm::open({.path = directory_ / name,
                      .schema = schema_of<Item>(),
                      .sync = SyncConfiguration{.user = user_,
                                                .partition = PartitionValue(partition),
                                                .stop_policy = stop_policy,
                                                .on_error = [](const SyncError& error) {
                                                  if (error.is_fatal)
                                                    give_up(error.error.describe());
                                                }}});
}

void insert(Realm& realm, std::int64_t first, std::int64_t count, std::int64_t batch) {
  for (std::int64_t begin = first; begin < first + count; begin += batch) {
    realm.write([&] {
      for (std::int64_t id = begin; id < std::min(begin + batch, first + count); ++id) {
        realm.create<Item>(Item::id = id,
                           Item::name = "item " + std::to_string(id),
                           Item::count = id * 7,
                           Item::is_done = id % 2 == 0);
      }
    });
  }
}

void expect_objects(const Realm& realm, std::int64_t count) {
  const std::size_t found = realm.objects<Item>().size();
  if (found != static_cast<std::size_t>(count))
    give_up("there are " + std::to_string(found) + " objects, not " + std::to_string(count));
}

void upload(const Realm& realm) {
  check(realm.sync_session()->wait_for_upload(kPatience).get(), "waiting for upload");
}
void download(const Realm& realm) {
  check(realm.sync_session()->wait_for_download(kPatience).get(), "waiting for download");
}

}  // namespace tombolo::bench
