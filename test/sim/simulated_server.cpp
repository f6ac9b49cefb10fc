#include "test/sim/simulated_server.h"

#include <algorithm>
#include <utility>

#include "protocol/version.h"

namespace tombolo::sim {
namespace {

using namespace std::chrono_literals;

/// Messages that a socket takes before its peer has read any.
constexpr std::size_t kMessagesInFlightMax = 8;

}  // namespace

/// One connection at work, as `server::ConnectionDriver` is over a real socket.
class SimulatedServer::Port final : public server::ConnectionPort,
                                    public std::enable_shared_from_this<Port> {
 public:
  Port(SimulatedServer& owner, std::shared_ptr<Link> link, server::ConnectionOptions options)
      : owner_(owner),
        link_(std::move(link)),
        user_id_(options.user_id),
        connection_(std::move(options), owner.scheduler_.now()) {}

  void start() {
    const auto guarded = [weak = weak_from_this()](const std::function<void(Port&)>& call) {
      if (const auto self = weak.lock(); self && self->is_open_) call(*self);
    };
    const auto on_message = [guarded](Bytes message) {
      guarded([&](Port& self) {
        self.connection_.receive(std::move(message), self.now());
        self.pump();
      });
    };
    const auto on_closed = [guarded](StreamEnd) {
      guarded([](Port& self) {
        self.connection_.disconnected();
        self.pump();
        self.is_open_ = false;
      });
    };
    const auto on_room = [guarded] { guarded([](Port& self) { self.pump(); }); };
    link_->attach(Link::Side::kServer, {on_message, on_closed, on_room});
    pump();
  }

  void post(std::function<void(server::Connection&)> task) override {
    // Another thread hands it over: a little later, in the order of the calls.
    next_post_ = std::max(next_post_, now() + between(owner_.random_, 0us, 200us));
    owner_.scheduler_.at(next_post_, [weak = weak_from_this(), task = std::move(task)] {
      const auto self = weak.lock();
      if (!self || !self->is_open_) return;
      task(self->connection_);
      self->pump();
    });
  }

  [[nodiscard]] bool is_open() const noexcept { return is_open_; }
  void drop() {
    is_open_ = false;
    link_->close(Link::Side::kServer, std::nullopt);
  }

 private:
  [[nodiscard]] TimePoint now() const { return owner_.scheduler_.now(); }

  void pump() {
    for (;;) {
      while (auto effect = connection_.next_effect()) perform(std::move(*effect));
      if (link_->in_flight(Link::Side::kServer) >= kMessagesInFlightMax) break;
      auto message = connection_.take_message();
      if (!message) break;
      Bytes bytes = std::move(message->head);
      if (message->body) bytes.insert(bytes.end(), message->body->begin(), message->body->end());
      link_->send(Link::Side::kServer, std::move(bytes));
    }
    owner_.commit_soon();
    arm_timer();
  }

  void perform(server::Effect effect) {
    if (const auto* close = std::get_if<server::CloseConnection>(&effect)) {
      link_->close(Link::Side::kServer, close->code);
      connection_.disconnected();
      is_open_ = false;
    } else {
      owner_.service_->perform(std::move(effect), shared_from_this(), user_id_);
    }
  }

  void arm_timer() {
    const auto deadline = connection_.deadline();
    if (!deadline || is_timer_armed_) return;
    is_timer_armed_ = true;
    owner_.scheduler_.at(*deadline, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || !self->is_open_) return;
      self->is_timer_armed_ = false;
      self->connection_.advance(self->now());
      self->pump();
    });
  }

  SimulatedServer& owner_;
  const std::shared_ptr<Link> link_;
  const std::string user_id_;
  server::Connection connection_;
  bool is_open_ = true;
  bool is_timer_armed_ = false;
  TimePoint next_post_{};
};

SimulatedServer::SimulatedServer(Scheduler& scheduler, Random& random, OpenStorage open_storage)
    : scheduler_(scheduler),
      random_(random),
      open_storage_(std::move(open_storage)) {}

SimulatedServer::~SimulatedServer() {
  crash();
}

void SimulatedServer::start() {
  ++life_;
  storage_ = open_storage_();
  service_ =
      std::make_unique<server::SyncService>(*storage_, random_, null_logger(), service_options);
}

void SimulatedServer::crash() {
  for (const auto& port : ports_) port->drop();
  ports_.clear();
  service_.reset();
  storage_.reset();
  is_commit_planned_ = false;
}

std::optional<std::string> SimulatedServer::accept(const std::shared_ptr<Link>& link,
                                                   std::string_view offer) {
  const auto subprotocol = protocol::choose_subprotocol(offer);
  if (!is_up() || !subprotocol) return std::nullopt;
  server::ConnectionOptions options;
  options.subprotocol = *subprotocol;
  options.user_id = "user";
  options.connection_id = "000000000000000000000001";
  std::erase_if(ports_, [](const auto& port) { return !port->is_open(); });
  ports_.push_back(std::make_shared<Port>(*this, link, std::move(options)));
  ports_.back()->start();
  return protocol::subprotocol_token(*subprotocol);
}

void SimulatedServer::commit_soon() {
  if (service_->commits().is_empty() || std::exchange(is_commit_planned_, true)) return;
  scheduler_.after(between(random_, 50us, 5ms), [this, life = life_] {
    if (!is_up() || life != life_) return;
    is_commit_planned_ = false;
    service_->commits().commit_waiting();
    commit_soon();
  });
}

}  // namespace tombolo::sim
