#include "net/web_socket_client.h"

#include <algorithm>
#include <utility>

#include "net/client_exchange.h"
#include "net/web_socket_handshake.h"
#include "net/web_socket_impl.h"

namespace tombolo::net {
namespace {

std::string join(const std::vector<std::string>& tokens) {
  std::string joined;
  for (const std::string& token : tokens) joined += (joined.empty() ? "" : ", ") + token;
  return joined;
}

std::string encode_upgrade(const Url& url,
                           const std::string& key,
                           const WebSocketConnectOptions& options) {
  HttpHeaders headers{{"Host", url.host_header()},
                      {"Connection", "Upgrade"},
                      {"Upgrade", "websocket"},
                      {"Sec-WebSocket-Key", key},
                      {"Sec-WebSocket-Version", "13"}};
  if (!options.sub_protocols.empty()) {
    headers.push_back({"Sec-WebSocket-Protocol", join(options.sub_protocols)});
  }
  headers.insert(headers.end(), options.headers.begin(), options.headers.end());
  return encode_request_head("GET", url.target, headers);
}

/// Why `response` opens no WebSocket; nullopt when it does.
std::optional<ConnectFailure> check_answer(const HttpResponse& response,
                                           const std::string& key,
                                           const std::vector<std::string>& offered) {
  const auto failure = [&response](ConnectStage stage, std::string why) {
    return ConnectFailure{
        stage, Error(ErrorCode::kNetwork, std::move(why)), response.status, response.headers};
  };
  if (response.status != 101) {
    return failure(ConnectStage::kStatus,
                   "the upgrade was answered with status " + std::to_string(response.status));
  }
  const std::string* const accept = find_header(response.headers, "Sec-WebSocket-Accept");
  if (accept == nullptr || *accept != accept_value(key) ||
      !has_token(response.headers, "Upgrade", "websocket") ||
      !has_token(response.headers, "Connection", "Upgrade")) {
    return failure(ConnectStage::kStatus, "the answer to the upgrade is not that of a WebSocket");
  }
  const std::string* const chosen = find_header(response.headers, "Sec-WebSocket-Protocol");
  const bool was_offered =
      chosen == nullptr ? offered.empty()
                        : std::find(offered.begin(), offered.end(), *chosen) != offered.end();
  if (!was_offered) {
    return failure(ConnectStage::kSubProtocol,
                   chosen == nullptr ? "the server chose no sub-protocol"
                                     : "the server chose a sub-protocol that was not offered");
  }
  return std::nullopt;
}

}  // namespace

PendingOperation connect_web_socket(
    const Strand& strand,
    WebSocketConnectOptions options,
    std::function<void(std::variant<WebSocketConnected, ConnectFailure>)> done) {
  const Url url = parse_url(options.url).value();
  if (url.scheme != "ws" && url.scheme != "wss") {
    throw Error(ErrorCode::kInvalidArgument, "the URL of a WebSocket begins with ws or wss");
  }
  const std::string key = make_web_socket_key();
  ClientRequest request;
  request.url = url;
  request.proxy = options.proxy;
  request.tls = options.tls;
  request.timeout = options.timeout;
  request.head = encode_upgrade(url, key, options);
  // The body of a refusal is not looked at, so it need not be waited for.
  request.answer_body = HttpResponseParser::Body::kNone;
  return start_exchange(
      strand,
      std::move(request),
      [strand,
       key,
       offered = std::move(options.sub_protocols),
       web_socket = options.web_socket,
       done = std::move(done)](std::variant<ClientAnswer, ConnectFailure> result) {
        if (auto* const failure = std::get_if<ConnectFailure>(&result)) {
          done(std::move(*failure));
          return;
        }
        ClientAnswer& answer = *std::get_if<ClientAnswer>(&result);
        if (auto failure = check_answer(answer.response, key, offered)) {
          done(std::move(*failure));
          return;
        }
        const std::string* const chosen =
            find_header(answer.response.headers, "Sec-WebSocket-Protocol");
        std::string sub_protocol = chosen == nullptr ? std::string() : *chosen;
        done(WebSocketConnected{WebSocketConnection(std::make_shared<WebSocketConnection::Impl>(
                                    std::move(answer.stream),
                                    strand,
                                    WebSocketConnection::Impl::Role::kClient,
                                    web_socket,
                                    std::move(answer.rest))),
                                std::move(sub_protocol),
                                std::move(answer.response.headers)});
      });
}

}  // namespace tombolo::net
