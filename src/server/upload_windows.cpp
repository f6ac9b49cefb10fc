#include "server/upload_windows.h"

#include <algorithm>

namespace tombolo::server {

UploadWindow& UploadWindows::open(const StorageTransaction& storage,
                                  ServerFileId file,
                                  ClientFileIdent client,
                                  ServerVersion base) {
  Kept& kept = kept_[{file, client}];
  if (kept.window.read_up_to == ServerVersion{} || base < kept.base) {
    kept = {};
    kept.window.read_up_to = base;
  }
  kept.base = base;
  kept.is_uncommitted = true;
  kept.last_used = commit_number_;

  UploadWindow& window = kept.window;
  storage.read_history(file, window.read_up_to, [&](const HistoryEntry& entry) {
    ++entries_read_;
    window.read_up_to = entry.server_version;
    if (entry.origin == client || entry.changeset.empty()) return true;
    const auto reciprocal = storage.find_reciprocal(file, client, entry.server_version);
    const Bytes& changeset =
        window.changesets.emplace_back(to_bytes(reciprocal.value_or(entry.changeset)));
    window.changeset_bytes += changeset.size();
    window.window.add(entry.server_version, {changeset, entry.origin_timestamp, entry.origin});
    return true;
  });
  return window;
}

void UploadWindows::release(const StorageTransaction& storage,
                            ServerFileId file,
                            ClientFileIdent client,
                            ServerVersion base) {
  const auto found = kept_.find({file, client});
  Kept& kept = found->second;
  // What was appended since is the client's own.
  kept.window.read_up_to = storage.history_head(file).server_version;
  if (kept.window.read_up_to.value() - base.value() < options_.entries_min) {
    kept_.erase(found);
    return;
  }
  kept.base = base;
  kept.window.window.forget_rewritten();
  drop_until_small();
}

void UploadWindows::drop_until_small() {
  std::size_t bytes = 0;
  for (const auto& [key, kept] : kept_) bytes += kept.window.memory_bytes();
  while (bytes > options_.bytes_max) {
    const auto oldest =
        std::ranges::min_element(kept_, {}, [](const auto& one) { return one.second.last_used; });
    bytes -= oldest->second.window.memory_bytes();
    kept_.erase(oldest);
  }
}

void UploadWindows::committed() {
  ++commit_number_;
  for (auto& [key, kept] : kept_) kept.is_uncommitted = false;
  std::erase_if(kept_, [&](const auto& one) {
    return one.second.last_used + options_.idle_commits_max < commit_number_;
  });
}

void UploadWindows::rolled_back() {
  std::erase_if(kept_, [](const auto& one) { return one.second.is_uncommitted; });
}

}  // namespace tombolo::server
