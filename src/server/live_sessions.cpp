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
    Place& place = places_[file][client_file];
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
  const auto of_file = places_.find(file);
  if (of_file == places_.end()) return;
  const auto place = of_file->second.find(client_file);
  // Another connection may have taken the place.
  if (place == of_file->second.end() || place->second.port.lock().get() != &port) return;
  of_file->second.erase(place);
  seen_.emplace(file, client_file);
  if (of_file->second.empty()) places_.erase(of_file);
}

std::set<ClientFileIdent> LiveSessions::bound_clients(ServerFileId file) const {
  const std::lock_guard lock(mutex_);
  std::set<ClientFileIdent> clients;
  if (const auto of_file = places_.find(file); of_file != places_.end()) {
    for (const auto& [ident, place] : of_file->second) clients.insert(ident);
  }
  return clients;
}

std::set<std::pair<ServerFileId, ClientFileIdent>> LiveSessions::take_seen() {
  const std::lock_guard lock(mutex_);
  auto seen = std::exchange(seen_, {});
  for (const auto& [file, places] : places_) {
    for (const auto& [ident, place] : places) seen.emplace(file, ident);
  }
  return seen;
}

void LiveSessions::history_advanced(ServerFileId file, ServerVersion history_end) const {
  std::vector<std::pair<std::shared_ptr<ConnectionPort>, SessionKey>> sessions;
  {
    const std::lock_guard lock(mutex_);
    const auto of_file = places_.find(file);
    if (of_file == places_.end()) return;
    sessions.reserve(of_file->second.size());
    for (const auto& [ident, place] : of_file->second) {
      if (auto port = place.port.lock()) sessions.emplace_back(std::move(port), place.session);
    }
  }
  for (const auto& [port, session] : sessions) {
    port->post([key = session, history_end](Connection& connection) {
      connection.history_advanced(key, history_end);
    });
  }
}

}  // namespace tombolo::server
