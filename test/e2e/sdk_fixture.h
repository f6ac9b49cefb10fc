#pragma once

#include <string>

#include <gtest/gtest.h>

#include "test/e2e/server_process.h"
#include "test/support/temporary_directory.h"
#include "tombolo/tombolo.h"

namespace tombolo::test {

struct Note {
  static constexpr std::string_view class_name = "Note";
  static constexpr Key<std::int64_t> id{"_id"};
  static constexpr Field<std::string> text{"text"};
  static constexpr auto properties = std::tuple(id, text);
};

/// A development server in a folder of its own, and devices that sync with it through the C++ SDK.
class SdkTest : public ::testing::Test {
 protected:
  SdkTest() { start_server("127.0.0.1:0"); }

  /// Starts the server, again at the address it had.
  void start_server(const std::string& address) {
    server_.emplace(std::vector<std::string>{
        "serve", "--dev", "--data", directory_.file("server").string(), "--listen", address});
    const std::string line = server_->read_line().value_or("");
    url_ = line.substr(line.find("http"));
  }
  void restart_server() { start_server(url_.substr(std::string_view("http://").size())); }
  void stop_server() { server_.reset(); }

  /// The app on one device.
  [[nodiscard]] App app(const std::string& device) const {
    return App({.id = "dev", .base_url = url_, .base_path = directory_.file(device)});
  }
  [[nodiscard]] User user(const std::string& device) const {
    return app(device).log_in(Credentials::anonymous()).get().value();
  }
  [[nodiscard]] static RealmConfiguration configuration(const User& user,
                                                        const std::string& partition = "notes") {
    return {.path = user.realm_path(partition),
            .schema = schema_of<Note>(),
            .sync = SyncConfiguration{.user = user, .partition = partition}};
  }

  static void write_note(Realm& realm, std::int64_t id, const std::string& text = "") {
    realm.write([&] { realm.create<Note>(Note::id = id, Note::text = text); });
  }
  static void upload(const Realm& realm) {
    realm.sync_session()->wait_for_upload(std::chrono::seconds(30)).get().value();
  }
  static void download(Realm& realm) {
    realm.sync_session()->wait_for_download(std::chrono::seconds(30)).get().value();
    realm.refresh();
  }

  const TemporaryDirectory directory_;
  std::optional<ServerProcess> server_;
  std::string url_;
};

}  // namespace tombolo::test
