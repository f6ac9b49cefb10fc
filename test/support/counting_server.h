#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/codec.h"

namespace tombolo::test {

/// A server that keeps the protocol and counts versions, over as many connections as come. It
/// integrates nothing: what it is sent gets a version, and so does what "others" write.
class CountingServer {
 public:
  /// Forgets the connection, keeps the files.
  void disconnect() {
    bindings_.clear();
    outgoing_.clear();
  }

  void receive(const std::string& text) {
    const auto message = protocol::parse_client_message(as_bytes(text), {});
    ASSERT_TRUE(message) << message.error().describe() << ": " << text;
    std::visit([&](const auto& content) { handle(content); }, *message);
  }

  /// Others write to every file.
  void write() {
    ++version_;
    for (auto& [ident, binding] : bindings_) {
      if (binding.is_identified) send_download(ident, true);
    }
  }

  [[nodiscard]] std::vector<SessionIdent> sessions() const {
    std::vector<SessionIdent> idents;
    for (const auto& [ident, binding] : bindings_) idents.push_back(ident);
    return idents;
  }
  /// Does not know the file of the session any more: it is to be reset, now or when it comes again.
  void forget(SessionIdent ident, bool allows_recovery) {
    const ClientFileIdent file = bindings_.at(ident).file;
    if (file != ClientFileIdent{}) forgotten_[file] = allows_recovery;
    demand_reset(ident, allows_recovery);
  }
  /// Ends a session with an error.
  void fail(SessionIdent ident, const std::string& action, int code, bool try_again) {
    send("json_error", code, ident.value(), action, try_again);
    bindings_.erase(ident);
    failed_.insert(ident);
  }
  void fail_connection(bool try_again) {
    outgoing_.clear();
    send("json_error", 100, 0, try_again ? "Transient" : "Warning", try_again);
  }

  /// The next message to a client; "" when there is none.
  [[nodiscard]] std::string take() {
    if (outgoing_.empty()) return {};
    std::string message = std::move(outgoing_.front());
    outgoing_.erase(outgoing_.begin());
    return message;
  }
  /// Newest client version of the file that is integrated here.
  [[nodiscard]] ClientVersion integrated(ClientFileIdent file) { return files_[file].uploaded; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// The entries that the file has sent, as they came, each once.
  [[nodiscard]] const std::vector<ClientVersion>& entries_of(ClientFileIdent file) {
    return files_[file].entries;
  }

 private:
  struct File {
    ClientVersion uploaded;
    ServerVersion base;
    std::vector<ClientVersion> entries;
  };
  struct Binding {
    ClientFileIdent file;
    std::uint64_t sent = 0;  ///< Server version that the client was brought to.
    ClientVersion sent_client_version;
    bool is_identified = false;
  };

  void handle(const protocol::Bind& bind) {
    // Only a session that was unbound may use its ident again.
    EXPECT_FALSE(bindings_.contains(bind.session)) << bind.session.value();
    failed_.erase(bind.session);
    bindings_[bind.session] = {};
    if (!bind.needs_client_file_ident) return;
    last_file_ = last_file_.next();
    outgoing_.push_back("ident " + std::to_string(bind.session.value()) + " " +
                        std::to_string(last_file_.value()) + " 77\n");
  }
  void handle(const protocol::ClientIdent& ident) {
    if (failed_.contains(ident.session)) return;
    Binding& binding = bindings_.at(ident.session);
    EXPECT_FALSE(binding.is_identified);
    if (const auto forgotten = forgotten_.find(ident.client_file.ident);
        forgotten != forgotten_.end()) {
      return demand_reset(ident.session, forgotten->second);
    }
    EXPECT_LE(ident.download.server_version.value(), version_);
    binding = {.file = ident.client_file.ident,
               .sent = ident.download.server_version.value(),
               .sent_client_version = ident.download.client_version,
               .is_identified = true};
    send_download(ident.session, true);
  }
  void handle(const protocol::Upload& upload) {
    if (failed_.contains(upload.session)) return;
    Binding& binding = bindings_.at(upload.session);
    EXPECT_TRUE(binding.is_identified);
    EXPECT_LE(upload.progress.server_version.value(), binding.sent);
    Bytes scratch;
    const auto body = protocol::decode_body(upload.body, scratch);
    const auto entries = protocol::parse_upload_entries(*body);
    File& file = files_[binding.file];
    bool has_new_entry = false;
    for (const protocol::UploadEntry& entry : *entries) {
      EXPECT_LE(entry.client_version, upload.progress.client_version);
      if (entry.client_version <= file.uploaded) continue;
      has_new_entry = true;
      ++version_;
      file.entries.push_back(entry.client_version);
    }
    if (upload.progress.client_version > file.uploaded) {
      file.uploaded = upload.progress.client_version;
      file.base = upload.progress.server_version;
    }
    if (!has_new_entry) return;
    for (auto& [ident, other] : bindings_) {
      if (other.is_identified) send_download(ident, ident != upload.session);
    }
  }
  void handle(const protocol::Mark& mark) {
    if (failed_.contains(mark.session)) return;
    EXPECT_TRUE(bindings_.at(mark.session).is_identified);
    outgoing_.push_back("mark " + std::to_string(mark.session.value()) + " " +
                        std::to_string(mark.request.value()) + "\n");
  }
  void handle(const protocol::Unbind& unbind) {
    if (failed_.erase(unbind.session) > 0) return;
    EXPECT_EQ(bindings_.erase(unbind.session), 1U) << unbind.session.value();
    outgoing_.push_back("unbound " + std::to_string(unbind.session.value()) + "\n");
  }
  void handle(const protocol::Ping& ping) {
    outgoing_.push_back("pong " + std::to_string(ping.timestamp.count()) + "\n");
  }
  void handle(const protocol::ClientError& error) {
    if (failed_.contains(error.session)) return;
    fail(error.session, "Transient", 200, true);
  }
  void handle(const protocol::Query&) { FAIL(); }
  void handle(const protocol::TestCommand&) { FAIL(); }

  void demand_reset(SessionIdent ident, bool allows_recovery) {
    fail(ident, allows_recovery ? "ClientReset" : "ClientResetNoRecovery", 208, false);
  }
  void send_download(SessionIdent ident, bool has_content) {
    Binding& binding = bindings_.at(ident);
    const File& file = files_[binding.file];
    Bytes body;
    if (has_content && binding.sent < version_) {
      protocol::append_entry(body,
                             protocol::DownloadEntry{.server_version = ServerVersion(version_),
                                                     .client_version = file.uploaded,
                                                     .origin_file_ident = kServerFileIdent,
                                                     .original_changeset_bytes = 3,
                                                     .changeset = as_bytes("ABC")});
    }
    binding.sent = version_;
    binding.sent_client_version = file.uploaded;
    const std::string version = std::to_string(version_);
    const std::string uploaded = std::to_string(file.uploaded.value());
    outgoing_.push_back("download " + std::to_string(ident.value()) + " " + version + " " +
                        uploaded + " " + version + " 5 " + uploaded + " " +
                        std::to_string(file.base.value()) + " 0 0 " + std::to_string(body.size()) +
                        " 0\n" + std::string(as_text(body)));
  }
  void send(const std::string& name,
            int code,
            std::uint64_t session,
            const std::string& action,
            bool try_again) {
    const std::string body = R"({"action":")" + action +
                             R"(","isRecoveryModeDisabled":false,"logURL":"","message":"m",)" +
                             R"("shouldClientReset":false,"tryAgain":)" +
                             (try_again ? "true}" : "false}");
    outgoing_.push_back(name + " " + std::to_string(code) + " " + std::to_string(body.size()) +
                        " " + std::to_string(session) + "\n" + body);
  }

  std::uint64_t version_ = 0;
  ClientFileIdent last_file_{1};
  std::map<ClientFileIdent, File> files_;
  std::map<ClientFileIdent, bool> forgotten_;  ///< Whether what they have not uploaded is welcome.
  std::map<SessionIdent, Binding> bindings_;
  std::set<SessionIdent> failed_;  ///< Their UNBIND is to come and gets no answer.
  std::vector<std::string> outgoing_;
};

}  // namespace tombolo::test
