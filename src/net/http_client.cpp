#include "net/http_client.h"

#include <utility>

#include "net/client_exchange.h"

namespace tombolo::net {
namespace {

/// Methods whose request says that it has a body even when that is empty. RFC 9110, 8.6.
bool announces_body(const HttpCall& call) {
  return !call.body.empty() || call.method == "POST" || call.method == "PUT" ||
         call.method == "PATCH";
}

std::string encode_call(const Url& url, const HttpCall& call) {
  HttpHeaders headers{{"Host", url.host_header()}};
  headers.insert(headers.end(), call.headers.begin(), call.headers.end());
  if (announces_body(call)) {
    headers.push_back({"Content-Length", std::to_string(call.body.size())});
  }
  headers.push_back({"Connection", "close"});
  return encode_request_head(call.method, url.target, headers);
}

}  // namespace

PendingOperation send_http(const Strand& strand,
                           HttpCall call,
                           std::function<void(std::variant<HttpResponse, ConnectFailure>)> done) {
  const Url url = parse_url(call.url).value();
  if (url.scheme != "http" && url.scheme != "https") {
    throw Error(ErrorCode::kInvalidArgument, "the URL of a request begins with http or https");
  }
  ClientRequest request;
  request.url = url;
  request.proxy = call.proxy;
  request.tls = call.tls;
  request.timeout = call.timeout;
  request.head = encode_call(url, call);
  request.body = std::move(call.body);
  request.answer_body =
      call.method == "HEAD" ? HttpResponseParser::Body::kNone : HttpResponseParser::Body::kAsFramed;
  request.answer_body_bytes_max = call.body_bytes_max;
  return start_exchange(
      strand,
      std::move(request),
      [done = std::move(done)](std::variant<ClientAnswer, ConnectFailure> result) {
        if (auto* const failure = std::get_if<ConnectFailure>(&result)) {
          done(std::move(*failure));
        } else {
          done(std::move(std::get_if<ClientAnswer>(&result)->response));
        }
      });
}

}  // namespace tombolo::net
