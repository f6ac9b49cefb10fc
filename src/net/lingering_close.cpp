#include "net/lingering_close.h"

#include <array>
#include <memory>
#include <utility>

namespace tombolo::net {
namespace {

constexpr auto kLingerTime = std::chrono::seconds(2);

class LingeringClose : public std::enable_shared_from_this<LingeringClose> {
 public:
  LingeringClose(ByteStream stream, const Strand& strand)
      : stream_(std::move(stream)),
        timer_(strand) {}

  void start() {
    stream_->end_writing();
    timer_.arm_after(kLingerTime, [self = shared_from_this()] { self->stream_.reset(); });
    drain();
  }

 private:
  void drain() {
    if (!stream_) return;
    std::array<std::byte, 4096> dropped;
    const IoResult result = stream_->read_some(dropped);
    if (result.must_wait() || result.status == IoResult::Status::kDone) {
      // One read a turn: a peer that keeps sending does not keep the strand.
      stream_->wait_for(result.must_wait() ? result : kUntilReadable,
                        [self = shared_from_this()] { self->drain(); });
      return;
    }
    stream_.reset();
    timer_.cancel();
  }

  std::optional<ByteStream> stream_;
  Timer timer_;
};

}  // namespace

void close_lingering(ByteStream stream, const Strand& strand) {
  std::make_shared<LingeringClose>(std::move(stream), strand)->start();
}

}  // namespace tombolo::net
