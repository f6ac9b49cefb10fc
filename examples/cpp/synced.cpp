#include <chrono>
#include <iostream>

#include "examples/cpp/cities.h"

/// A synced realm: `synced URL DIRECTORY`, with a server started by
/// `tombolo serve --dev --data DATA --listen HOST:PORT`.
int main(int argc, char** argv) try {
  using namespace std::chrono_literals;
  if (argc != 3) {
    std::cerr << "usage: synced URL DIRECTORY\n";
    return 2;
  }
  tombolo::App app({.id = "dev", .base_url = argv[1], .base_path = argv[2]});
  const tombolo::User user = app.log_in(tombolo::Credentials::anonymous()).get().value();

  auto realm = tombolo::Realm::open(
      {.path = user.realm_path("cities"),
       .schema = tombolo::schema_of<City, Country>(),
       .sync = tombolo::SyncConfiguration{
           .user = user, .partition = "team-7", .on_error = [](const tombolo::SyncError& error) {
             std::cerr << error.code << ' ' << error.error.describe() << '\n';
           }}});
  tombolo::SyncSession session = *realm.sync_session();
  session.wait_for_download(10s).get().value();
  realm.refresh();
  std::cout << realm.objects<City>().size() << " cities so far\n";

  const tombolo::NotificationToken progress = session.observe_progress(
      tombolo::ProgressDirection::kUpload,
      tombolo::ProgressMode::kReportIndefinitely,
      [](const tombolo::SyncProgress& now) { std::cout << now.estimate * 100 << " % sent\n"; });

  session.pause();  // Offline: what is written is kept and sent later.
  realm.write([&] {
    realm.create<City>(
        tombolo::UpdateMode::kModified, City::id = 1, City::name = "Rome", City::population = 1);
  });
  session.resume();
  session.wait_for_upload(10s).get().value();
  return 0;
} catch (const tombolo::Error& error) {
  std::cerr << error.describe() << '\n';
  return 1;
}
