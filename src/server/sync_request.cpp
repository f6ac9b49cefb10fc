#include "server/sync_request.h"

namespace tombolo::server {
namespace {

constexpr std::string_view kAppPrefix = "/api/client/v2.0/app/";
constexpr std::string_view kSyncSuffix = "/realm-sync";
constexpr std::string_view kTokenParameter = "baas_at=";

std::string_view find_token(std::string_view query) {
  while (!query.empty()) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    if (parameter.starts_with(kTokenParameter)) return parameter.substr(kTokenParameter.size());
    query.remove_prefix(parameter.size() == query.size() ? query.size() : parameter.size() + 1);
  }
  return {};
}

}  // namespace

std::optional<SyncRequest> parse_sync_request(std::string_view target) {
  const std::size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  SyncRequest request;
  if (mark != std::string_view::npos) request.access_token = find_token(target.substr(mark + 1));

  if (path == kSyncSuffix || path.starts_with("/realm-sync/")) return request;
  if (!path.starts_with(kAppPrefix) || !path.ends_with(kSyncSuffix) ||
      path.size() <= kAppPrefix.size() + kSyncSuffix.size()) {
    return std::nullopt;
  }
  const std::string_view app_id =
      path.substr(kAppPrefix.size(), path.size() - kAppPrefix.size() - kSyncSuffix.size());
  if (app_id.find('/') != std::string_view::npos) return std::nullopt;
  request.app_id = app_id;
  return request;
}

}  // namespace tombolo::server
