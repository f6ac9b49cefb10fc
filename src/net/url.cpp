#include "net/url.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tombolo::net {
namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;
};
constexpr std::array kSchemes{
    Scheme{"http", 80}, Scheme{"https", 443}, Scheme{"ws", 80}, Scheme{"wss", 443}};

Error bad_url(std::string_view why) {
  return Error(ErrorCode::kInvalidArgument, "bad URL: " + std::string(why));
}

/// Visible ASCII: nothing that could end a header line or the request line.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [bracketed](char c) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_');
  });
}

std::string bracketed_if_ipv6(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

}  // namespace

std::string Url::host_header() const {
  const auto known = std::find_if(kSchemes.begin(), kSchemes.end(), [this](const Scheme& entry) {
    return entry.name == scheme;
  });
  const bool is_default = known != kSchemes.end() && known->port == port;
  return is_default ? bracketed_if_ipv6(host) : authority();
}

std::string Url::authority() const {
  return bracketed_if_ipv6(host) + ':' + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  if (!is_visible(text)) return bad_url("a space or a character outside of ASCII");
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad_url("no scheme");

  Url url;
  for (const char c : text.substr(0, scheme_end)) {
    url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(), [&url](const Scheme& entry) {
    return entry.name == url.scheme;
  });
  if (scheme == kSchemes.end()) return bad_url("the scheme is not http, https, ws or wss");

  std::string_view rest = text.substr(scheme_end + 3);
  if (rest.find('#') != std::string_view::npos) return bad_url("a fragment");
  const std::size_t target_begin = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view target = rest.substr(target_begin);
  url.target = target.empty() || target.front() == '?' ? '/' + std::string(target) : target;
  rest = rest.substr(0, target_begin);

  const bool bracketed = !rest.empty() && rest.front() == '[';
  const std::size_t host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (host_end == std::string_view::npos) return bad_url("an address without its closing bracket");
  url.host = rest.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
  if (!is_host(url.host, bracketed)) return bad_url("no valid host");

  rest = rest.substr(host_end + (bracketed ? 1 : 0));
  url.port = scheme->port;
  if (!rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + 1, end, url.port);
    if (rest.front() != ':' || error != std::errc() || stop != end || url.port == 0) {
      return bad_url("the port is not a number from 1 to 65535");
    }
  }
  return url;
}

}  // namespace tombolo::net
