#include <chrono>
#include <iostream>
#include <tuple>

#include "tombolo/tombolo.h"

/// What one does with a sync session: `doggies URL DIRECTORY`, with a server started by
/// `tombolo serve --dev --data DATA --listen HOST:PORT`.

struct Doggie {
  static constexpr std::string_view class_name = "Doggie";
  static constexpr tombolo::Key<std::int64_t> id{"_id"};
  static constexpr tombolo::Field<std::string> name{"name"};
  static constexpr tombolo::Field<std::int64_t> age{"age"};
  static constexpr auto properties = std::tuple(id, name, age);
};

const char* name_of(tombolo::ConnectionState state) {
  switch (state) {
    case tombolo::ConnectionState::kDisconnected: return "disconnected";
    case tombolo::ConnectionState::kConnecting: return "connecting";
    case tombolo::ConnectionState::kConnected: return "connected";
  }
  return "?";
}

int main(int argc, char** argv) try {
  using namespace std::chrono_literals;
  if (argc != 3) {
    std::cerr << "usage: doggies URL DIRECTORY\n";
    return 2;
  }
  tombolo::App app({.id = "dev", .base_url = argv[1], .base_path = argv[2]});
  const auto known = app.current_user();
  const tombolo::User user =
      known ? *known : app.log_in(tombolo::Credentials::anonymous()).get().value();

  tombolo::RealmConfiguration configuration{
      .path = user.realm_path("doggies"),
      .schema = tombolo::schema_of<Doggie>(),
      .sync = tombolo::SyncConfiguration{
          .user = user, .partition = "doggies", .on_error = [](const tombolo::SyncError& error) {
            std::cerr << error.category << ": " << error.error.message() << '\n';
          }}};
  configuration.sync->existing_file = {.timeout = 2s,
                                       .on_timeout = tombolo::OpenTimeoutBehavior::kOpenLocalRealm};
  tombolo::OpenTask task = tombolo::Realm::open_async(configuration);
  tombolo::Realm realm = task.get().value();
  std::cout << realm.objects<Doggie>().size() << " doggies so far\n";

  tombolo::SyncSession session = *realm.sync_session();
  const tombolo::NotificationToken connection =
      session.observe_connection([](tombolo::ConnectionState now, tombolo::ConnectionState before) {
        std::cout << "from " << name_of(before) << " to " << name_of(now) << '\n';
      });
  const tombolo::NotificationToken progress = session.observe_progress(
      tombolo::ProgressDirection::kUpload,
      tombolo::ProgressMode::kReportIndefinitely,
      [](const tombolo::SyncProgress& now) {
        std::cout << now.transferred << " of " << now.transferable << " bytes sent\n";
      });

  realm.write([&] {
    realm.create<Doggie>(tombolo::UpdateMode::kModified,
                         Doggie::id = 1,
                         Doggie::name = "Clifford",
                         Doggie::age = 12);
  });
  session.wait_for_upload(10s).get().value();

  session.pause();  // What is written now is kept, and sent later.
  realm.write([&] { realm.find<Doggie>(1)->add(Doggie::age, 1); });
  session.resume();
  session.wait_for_upload(10s).get().value();

  const std::filesystem::path copy = std::filesystem::path(argv[2]) / "doggies-for-good.realm";
  std::filesystem::remove(copy);
  realm.write_copy_to({.path = copy});  // A local realm: it never syncs again.
  std::cout << tombolo::Realm::open({.path = copy}).objects<Doggie>().size() << " doggies kept\n";
  return 0;
} catch (const tombolo::Error& error) {
  std::cerr << error.describe() << '\n';
  return 1;
}
