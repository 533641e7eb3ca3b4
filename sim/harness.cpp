// The harness: owns clock and memory, runs programs on the Verilated accelerator at native speed.

#include <algorithm>
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
constexpr uint32_t kWriteSeed = 0x2545f491u;

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
        reset();
    }

    ~Harness() {
#ifdef BITROW_TRACE
        if (trace_) trace_->close();
#endif
        top_->final();
    }

    // One cycle of reset, which the design sees one cycle after its port.
    void reset() {
        top_->PORT(read_data, valid) = 0;
        top_->start = 0;
        top_->rst = 1;
        clock();
        top_->rst = 0;
        clock();
    }

    void begin(uint8_t* memory, uint64_t size, uint32_t program, uint32_t latency,
               uint32_t interval, int64_t stall_seed) {
        memory_ = memory;
        size_ = size;
        latency_ = latency;
        interval_ = interval;
        stall_seed_ = stall_seed;
        cycle_ = 0;
        beats_ = writes_ = 0;
        next_offer_ = next_write_ = 0;
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
            const bool takes = cycle_ >= next_write_ + late(writes_, kWriteSeed);
            top_->PORT(writes, ready) = takes;
            top_->eval();
            const bool done = top_->done;
            if (takes && top_->PORT(writes, valid)) take_write();
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

    // Only the clock: what the model alone takes.
    void spin(uint64_t cycles) {
        top_->PORT(read_data, valid) = 0;
        for (uint64_t i = 0; i < cycles; ++i) clock();
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
        bool beat = false;
        if (!bursts_.empty()) {
            const uint64_t eligible = std::max(bursts_.front().first_cycle, next_offer_);
            beat = cycle_ >= eligible + late(beats_, 0);
        }
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

    // Cycles by which an event is late; the same hash as MemoryModel's.
    uint32_t late(uint64_t index, uint32_t other) const {
        if (stall_seed_ < 0) return 0;
        uint32_t mixed = static_cast<uint32_t>(index) + (static_cast<uint32_t>(stall_seed_) ^ other);
        mixed = (mixed ^ (mixed >> 16)) * 0x85ebca6bu;
        mixed = (mixed ^ (mixed >> 13)) * 0xc2b2ae35u;
        mixed = mixed ^ (mixed >> 16);
        return mixed % 8 == 0 ? (mixed >> 3) % 16 + 1 : 0;
    }

    void next_beat() {
        ++beats_;
        next_offer_ = cycle_ + interval_;
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
        ++writes_;
        next_write_ = cycle_ + interval_;
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
    uint64_t beats_ = 0;
    uint64_t next_offer_ = 0;
    uint64_t writes_ = 0;
    uint64_t next_write_ = 0;
    uint32_t latency_ = 1;
    uint32_t interval_ = 1;
    int64_t stall_seed_ = -1;
    int outcome_ = kDone;
};

}  // namespace

extern "C" {

void* bitrow_new(const char* trace_path) { return new Harness(trace_path); }
void bitrow_delete(void* harness) { delete static_cast<Harness*>(harness); }

void bitrow_reset(void* harness) { static_cast<Harness*>(harness)->reset(); }

void bitrow_begin(void* harness, uint8_t* memory, uint64_t size, uint32_t program,
                  uint32_t latency, uint32_t interval, int64_t stall_seed) {
    static_cast<Harness*>(harness)->begin(memory, size, program, latency, interval, stall_seed);
}

int bitrow_advance(void* harness, uint64_t cycles) {
    return static_cast<Harness*>(harness)->advance(cycles);
}

void bitrow_spin(void* harness, uint64_t cycles) { static_cast<Harness*>(harness)->spin(cycles); }

uint64_t bitrow_cycle(void* harness) { return static_cast<Harness*>(harness)->cycle(); }
uint32_t bitrow_cycles(void* harness) { return static_cast<Harness*>(harness)->cycles(); }
uint32_t bitrow_status(void* harness) { return static_cast<Harness*>(harness)->status(); }
}
