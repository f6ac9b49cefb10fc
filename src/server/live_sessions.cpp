#include "server/live_sessions.h"

#include <utility>
#include <vector>

namespace tombolo::server {
namespace {

/// Looks like a lost connection, which is what the displaced client is to take it for.
constexpr std::uint16_t kCloseNormal = 1000;

}  // namespace

LiveSessions::Attached LiveSessions::attach(ServerFileId file,
                                            ClientFileIdent client_file,
                                            const std::shared_ptr<ConnectionPort>& port,
                                            SessionKey session) {
  std::shared_ptr<ConnectionPort> displaced;
  {
    const std::lock_guard lock(mutex_);
    Place& place = files_[file].places[client_file];
    displaced = place.port.lock();
    if (displaced == port) return Attached::kBoundHere;
    place = {port, session};
  }
  if (displaced) {
    displaced->post([](Connection& connection) {
      connection.close(kCloseNormal, "the client file is bound in another connection");
    });
  }
  return Attached::kAlone;
}

void LiveSessions::detach(ServerFileId file,
                          ClientFileIdent client_file,
                          const ConnectionPort& port) {
  const std::lock_guard lock(mutex_);
  const auto of_file = files_.find(file);
  if (of_file == files_.end()) return;
  auto& places = of_file->second.places;
  const auto place = places.find(client_file);
  // Another connection may have taken the place.
  if (place == places.end() || place->second.port.lock().get() != &port) return;
  places.erase(place);
  seen_.emplace(file, client_file);
  if (places.empty()) files_.erase(of_file);
}

std::set<ClientFileIdent> LiveSessions::bound_clients(ServerFileId file) const {
  const std::lock_guard lock(mutex_);
  std::set<ClientFileIdent> clients;
  if (const auto of_file = files_.find(file); of_file != files_.end()) {
    for (const auto& [ident, place] : of_file->second.places) clients.insert(ident);
  }
  return clients;
}

std::set<std::pair<ServerFileId, ClientFileIdent>> LiveSessions::take_seen() {
  const std::lock_guard lock(mutex_);
  auto seen = std::exchange(seen_, {});
  for (const auto& [file, of_file] : files_) {
    for (const auto& [ident, place] : of_file.places) seen.emplace(file, ident);
  }
  return seen;
}

void LiveSessions::history_advanced(ServerFileId file, HistoryGrowth growth) {
  std::vector<std::pair<std::shared_ptr<ConnectionPort>, SessionKey>> sessions;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(file);
    if (found == files_.end()) return;
    OfFile& of_file = found->second;
    if (!growth.has_content && growth.end.value() - of_file.told.value() < kVersionsHeldBackMax) {
      return;
    }
    of_file.told = growth.end;
    sessions.reserve(of_file.places.size());
    for (const auto& [ident, place] : of_file.places) {
      if (auto port = place.port.lock()) sessions.emplace_back(std::move(port), place.session);
    }
  }
  for (const auto& [port, session] : sessions) {
    port->post([key = session, end = growth.end](Connection& connection) {
      connection.history_advanced(key, end);
    });
  }
}

}  // namespace tombolo::server
