// The harness: owns clock and memory, runs programs on the Verilated accelerator at native speed.

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>

#include "Vbitrow.h"
#include "verilated.h"
#ifdef BITROW_TRACE
#include "verilated_fst_c.h"
#endif

// Verilator writes the two underscores of a stream's port as ___05F.
#define PORT(stream, member) stream##___05F##member

namespace {

constexpr uint64_t kBeatBytes = 16;

enum Outcome { kDone = 0, kRunning = 1, kReadOutside = 2, kWriteOutside = 3 };

struct Burst {
    uint64_t address;
    uint64_t beats;
    uint64_t first_cycle;
};

class Harness {
public:
    explicit Harness(const char* trace_path) : context_(new VerilatedContext) {
        context_->randReset(0);
        top_.reset(new Vbitrow(context_.get()));
#ifdef BITROW_TRACE
        if (trace_path) {
            context_->traceEverOn(true);
            trace_.reset(new VerilatedFstC);
            top_->trace(trace_.get(), 99);
            trace_->open(trace_path);
        }
#else
        (void)trace_path;
#endif
        top_->rst = 1;
        for (int i = 0; i < 4; ++i) clock();
        top_->rst = 0;
    }

    ~Harness() {
#ifdef BITROW_TRACE
        if (trace_) trace_->close();
#endif
        top_->final();
    }

    void begin(uint8_t* memory, uint64_t size, uint32_t program, uint32_t latency) {
        memory_ = memory;
        size_ = size;
        latency_ = latency;
        cycle_ = 0;
        bursts_.clear();
        top_->start = 1;
        top_->program_address = program;
    }

    int advance(uint64_t cycles) {
        for (uint64_t i = 0; i < cycles; ++i) {
            const bool beat = offer_beat();
            if (outcome_ != kDone) return outcome_;
            top_->clk = 0;
            top_->PORT(read_requests, ready) = 1;
            top_->PORT(writes, ready) = 1;
            top_->eval();
            const bool done = top_->done;
            take_write();
            take_request();
            if (beat && top_->PORT(read_data, ready)) next_beat();
            if (outcome_ != kDone) return outcome_;
            rise();
            top_->start = 0;
            if (done) return kDone;
            ++cycle_;
        }
        return kRunning;
    }

    uint64_t cycle() const { return cycle_; }
    uint32_t cycles() const { return top_->cycles; }
    uint32_t status() const { return top_->status; }

private:
    void dump() {
#ifdef BITROW_TRACE
        if (trace_) trace_->dump(time_);
#endif
        ++time_;
    }

    void rise() {
        dump();
        top_->clk = 1;
        top_->eval();
        dump();
    }

    void clock() {
        top_->clk = 0;
        top_->eval();
        rise();
    }

    bool offer_beat() {
        const bool beat = !bursts_.empty() && cycle_ >= bursts_.front().first_cycle;
        top_->PORT(read_data, valid) = beat;
        if (!beat) return false;
        const uint64_t address = bursts_.front().address;
        if (address + kBeatBytes > size_) {
            outcome_ = kReadOutside;
            return false;
        }
        std::memcpy(&top_->PORT(read_data, payload)[0], memory_ + address, kBeatBytes);
        return true;
    }

    void next_beat() {
        Burst& burst = bursts_.front();
        burst.address += kBeatBytes;
        if (--burst.beats == 0) bursts_.pop_front();
    }

    void take_request() {
        if (!top_->PORT(read_requests, valid)) return;
        const uint64_t payload = top_->PORT(read_requests, payload);
        const Burst burst{payload & 0xffffffffu, (payload >> 32) & 0xfffffu, cycle_ + latency_};
        if (burst.beats) bursts_.push_back(burst);
    }

    void take_write() {
        if (!top_->PORT(writes, valid)) return;
        uint8_t payload[24];
        std::memcpy(payload, &top_->PORT(writes, payload)[0], sizeof payload);
        uint32_t address;
        uint16_t strobe;
        std::memcpy(&address, payload, 4);
        std::memcpy(&strobe, payload + 4 + kBeatBytes, 2);
        if (address + kBeatBytes > size_) {
            outcome_ = kWriteOutside;
            return;
        }
        for (uint64_t i = 0; i < kBeatBytes; ++i)
            if (strobe >> i & 1) memory_[address + i] = payload[4 + i];
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Vbitrow> top_;
#ifdef BITROW_TRACE
    std::unique_ptr<VerilatedFstC> trace_;
#endif
    std::deque<Burst> bursts_;
    uint8_t* memory_ = nullptr;
    uint64_t size_ = 0;
    uint64_t cycle_ = 0;
    uint64_t time_ = 0;
    uint32_t latency_ = 1;
    int outcome_ = kDone;
};

}  // namespace

extern "C" {

void* bitrow_new(const char* trace_path) { return new Harness(trace_path); }
void bitrow_delete(void* harness) { delete static_cast<Harness*>(harness); }

void bitrow_begin(void* harness, uint8_t* memory, uint64_t size, uint32_t program,
                  uint32_t latency) {
    static_cast<Harness*>(harness)->begin(memory, size, program, latency);
}

int bitrow_advance(void* harness, uint64_t cycles) {
    return static_cast<Harness*>(harness)->advance(cycles);
}

uint64_t bitrow_cycle(void* harness) { return static_cast<Harness*>(harness)->cycle(); }
uint32_t bitrow_cycles(void* harness) { return static_cast<Harness*>(harness)->cycles(); }
uint32_t bitrow_status(void* harness) { return static_cast<Harness*>(harness)->status(); }
}
