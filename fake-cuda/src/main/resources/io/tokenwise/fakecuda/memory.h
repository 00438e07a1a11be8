// The device's memory and pinned host memory: each allocation alone between pages that fault, never at an address used before.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

namespace tokenwise {

/** One kind of memory. Addresses are far from those of the host's heap, and none is given twice, so that a stale pointer always shows. */
class Memory {
public:
    struct Block {
        char* pages; // where its pages begin; the data touch the end of the last one
        size_t pageBytes, bytes;
        long number;
        bool live;
    };

    explicit Memory(const char* kind, uintptr_t farAddress) : kind(kind), wanted(farAddress) {}

    /** Memory filled with poison, aligned to 256 bytes as the driver's is; null if the process has none left. */
    char* allocate(size_t bytes) {
        size_t pageBytes = (padded(bytes) + PAGE - 1) / PAGE * PAGE;
        char* pages = reserve(pageBytes);
        if (pages == nullptr || mprotect(pages, pageBytes, PROT_READ | PROT_WRITE) != 0) {
            return nullptr;
        }
        memset(pages, 0xff, pageBytes);
        char* data = pages + pageBytes - padded(bytes);
        blocks[data] = {pages, pageBytes, bytes, ++count, true};
        live += bytes;
        return data;
    }

    /** The live block in which all the bytes lie; null if there is none. The end of a block belongs to it if no bytes are asked for. */
    const Block* find(const void* address, size_t bytes) const {
        auto* byte = static_cast<const char*>(address);
        auto after = blocks.upper_bound(const_cast<char*>(byte));
        if (after == blocks.begin()) {
            return nullptr;
        }
        auto& [data, block] = *std::prev(after);
        size_t from = size_t(byte - data);
        return block.live && from <= block.bytes && bytes <= block.bytes - from ? &block : nullptr;
    }

    bool isStart(const void* address) const {
        auto found = blocks.find(static_cast<char*>(const_cast<void*>(address)));
        return found != blocks.end() && found->second.live;
    }

    /** Whether the bytes beside a block are poison still: those that pad it to 256, and those before it in its first page. */
    static bool isClean(const Block& block) {
        auto poison = [](char byte) { return byte == char(0xff); };
        const char* end = block.pages + block.pageBytes;
        const char* data = end - padded(block.bytes);
        return std::all_of(static_cast<const char*>(block.pages), data, poison) && std::all_of(data + block.bytes, end, poison);
    }

    /** Gives the start of a live block back. False if bytes beside it had been written. */
    bool free(void* address) {
        Block& block = blocks.at(static_cast<char*>(address));
        bool clean = isClean(block);
        madvise(block.pages, block.pageBytes, MADV_DONTNEED);
        mprotect(block.pages, block.pageBytes, PROT_NONE);
        block.live = false;
        live -= block.bytes;
        return clean;
    }

    /** What is at or near an address, for a message. */
    bool describe(const void* address, char* text, size_t size) const {
        auto* byte = static_cast<const char*>(address);
        auto after = blocks.upper_bound(const_cast<char*>(byte));
        const char* unit = kind;
        if (after != blocks.begin()) {
            auto& [data, block] = *std::prev(after);
            long long from = byte - data;
            if (from < (long long)(padded(block.bytes) + MOST_DISTANCE)) {
                if (!block.live) {
                    snprintf(text, size, "byte %lld of %s #%ld (%zu bytes), which was freed", from, unit, block.number, block.bytes);
                } else {
                    snprintf(text, size, "%lld bytes behind the end of %s #%ld (%zu bytes)", from - (long long)block.bytes, unit,
                             block.number, block.bytes);
                }
                return true;
            }
        }
        if (after != blocks.end() && after->first - byte < (long long)MOST_DISTANCE) {
            snprintf(text, size, "%td bytes before %s #%ld (%zu bytes)", after->first - byte, unit, after->second.number,
                     after->second.bytes);
            return true;
        }
        return false;
    }

    template <class F>
    void eachLive(F&& function) const {
        for (auto& [data, block] : blocks) {
            if (block.live) {
                function(data, block);
            }
        }
    }

    void freeAll() {
        eachLive([this](char* data, const Block&) { free(data); });
        blocks.clear();
        count = 0;
    }

    size_t liveBytes() const { return live; }

private:
    static constexpr size_t PAGE = 4096, GUARD = 64 * 1024, REGION = size_t(1) << 40, MOST_DISTANCE = GUARD;
    const char* kind;
    uintptr_t wanted;
    char* next = nullptr;
    char* end = nullptr;
    std::map<char*, Block> blocks;
    size_t live = 0;
    long count = 0;

    static size_t padded(size_t bytes) { return (bytes + 255) / 256 * 256; }

    char* reserve(size_t pageBytes) {
        if (next == nullptr || size_t(end - next) < pageBytes + 2 * GUARD) {
            size_t bytes = pageBytes + 2 * GUARD > REGION ? pageBytes + 2 * GUARD : REGION;
            void* mapped = mmap(reinterpret_cast<void*>(wanted), bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (mapped == MAP_FAILED) {
                return nullptr;
            }
            next = static_cast<char*>(mapped);
            end = next + bytes;
            wanted += 2 * REGION;
        }
        char* pages = next + GUARD;
        next = pages + pageBytes;
        return pages;
    }
};

} // namespace tokenwise
