// NVRTC's functions. They compile nothing: the library was built from the sources already, and a source that is none of them is refused.
#include <set>

#include "image.h"
#include "state.h"

using namespace tokenwise;

namespace {

enum NvrtcResult : int { NVRTC_SUCCESS = 0, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6 };

struct Program {
    std::string source, name, architecture, log, image;
};

constexpr int ARCHITECTURES[] = {80, 90, 100};

std::set<Program*>& programs() {
    static auto* all = new std::set<Program*>();
    return *all;
}

template <class Body>
int withProgram(Program* program, Body&& body) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    return programs().count(program) == 0 ? int(INVALID_PROGRAM) : body(*program);
}

/** The options that mean something here; all others that begin with a dash are taken as they are. */
int readOption(const std::string& option, Program& program) {
    for (const char* name : {"--gpu-architecture=", "-arch="}) {
        if (option.rfind(name, 0) == 0) {
            std::string arch = option.substr(strlen(name));
            size_t digits = arch.find_first_of("0123456789");
            int number = digits == std::string::npos ? 0 : atoi(arch.c_str() + digits);
            bool known = std::find(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), number) != std::end(ARCHITECTURES);
            program.architecture = arch;
            program.log = known ? "" : "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
            return known ? NVRTC_SUCCESS : INVALID_OPTION;
        }
    }
    if (option.find("fast_math") != std::string::npos) {
        program.log = "simulated nvrtc: fast math changes results and is never to be used\n";
        return INVALID_OPTION;
    }
    if (option.empty() || option[0] != '-') {
        program.log = "nvrtc: error: unrecognized option " + option + " found\n";
        return INVALID_OPTION;
    }
    return NVRTC_SUCCESS;
}

int compile(Program& program) {
    State& s = state();
    if (s.failCompile != 0) {
        int code = s.failCompile;
        s.failCompile = 0;
        program.log = program.name + "(1): error: the failure that a test asked for\n";
        return code;
    }
    unsigned long long hash = hashOf(program.source.c_str());
    const Source* source = findSource(hash);
    if (source == nullptr) {
        program.log = program.name + "(1): error: the simulation was built from other sources:";
        for (auto* each : sources()) {
            program.log += " " + each->name;
        }
        program.log += "\n";
        return COMPILATION;
    }
    if (program.source.find("wgmma.mma_async") != std::string::npos && program.architecture != "sm_90a") {
        program.log = "ptxas error : Instruction 'wgmma.mma_async' not supported on .target '" + program.architecture + "'\n";
        return COMPILATION;
    }
    char digits[20];
    snprintf(digits, sizeof digits, "%016llx", hash);
    program.image = std::string(IMAGE_MARK) + digits;
    return NVRTC_SUCCESS;
}

int sizeOf(const std::string& text, size_t* size) {
    *size = text.size() + 1;
    return NVRTC_SUCCESS;
}

int copyTo(const std::string& text, char* target) {
    memcpy(target, text.c_str(), text.size() + 1);
    return NVRTC_SUCCESS;
}

} // namespace

TOKENWISE_EXPORT int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 0;
    return NVRTC_SUCCESS;
}

TOKENWISE_EXPORT int nvrtcGetNumSupportedArchs(int* count) {
    *count = int(std::size(ARCHITECTURES));
    return NVRTC_SUCCESS;
}

TOKENWISE_EXPORT int nvrtcGetSupportedArchs(int* architectures) {
    std::copy(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), architectures);
    return NVRTC_SUCCESS;
}

TOKENWISE_EXPORT int nvrtcCreateProgram(Program** program, const char* source, const char* name, int headers, const char* const*,
                                        const char* const*) {
    if (source == nullptr || headers != 0) {
        return INVALID_INPUT;
    }
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    *program = new Program{source, name == nullptr ? "default_program" : name, "", ""};
    programs().insert(*program);
    return NVRTC_SUCCESS;
}

TOKENWISE_EXPORT int nvrtcDestroyProgram(Program** program) {
    return withProgram(*program, [&](Program& found) {
        programs().erase(&found);
        delete &found;
        *program = nullptr;
        return NVRTC_SUCCESS;
    });
}

TOKENWISE_EXPORT int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    return withProgram(program, [&](Program& found) {
        found.log.clear();
        for (int i = 0; i < count; i++) {
            int code = readOption(options[i], found);
            if (code != NVRTC_SUCCESS) {
                return code;
            }
        }
        return compile(found);
    });
}

TOKENWISE_EXPORT int nvrtcGetProgramLogSize(Program* program, size_t* size) {
    return withProgram(program, [&](Program& found) { return sizeOf(found.log, size); });
}

TOKENWISE_EXPORT int nvrtcGetProgramLog(Program* program, char* log) {
    return withProgram(program, [&](Program& found) { return copyTo(found.log, log); });
}

TOKENWISE_EXPORT int nvrtcGetCUBINSize(Program* program, size_t* size) {
    return withProgram(program, [&](Program& found) { return sizeOf(found.image, size); });
}

TOKENWISE_EXPORT int nvrtcGetCUBIN(Program* program, char* image) {
    return withProgram(program, [&](Program& found) { return copyTo(found.image, image); });
}

TOKENWISE_EXPORT int nvrtcGetPTXSize(Program* program, size_t* size) {
    return withProgram(program, [&](Program& found) { return sizeOf(found.image, size); });
}

TOKENWISE_EXPORT int nvrtcGetPTX(Program* program, char* image) {
    return withProgram(program, [&](Program& found) { return copyTo(found.image, image); });
}

TOKENWISE_EXPORT const char* nvrtcGetErrorString(int code) {
    static const char* texts[] = {"NVRTC_SUCCESS",
                                  "NVRTC_ERROR_OUT_OF_MEMORY",
                                  "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                  "NVRTC_ERROR_INVALID_INPUT",
                                  "NVRTC_ERROR_INVALID_PROGRAM",
                                  "NVRTC_ERROR_INVALID_OPTION",
                                  "NVRTC_ERROR_COMPILATION"};
    return code >= 0 && code < int(std::size(texts)) ? texts[code] : "NVRTC_ERROR unknown";
}
