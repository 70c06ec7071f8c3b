import Glibc

/// libfluidsynth (LGPL-2.1), loaded when it is first asked for: nobody needs it who does not ask for a bank.
struct FluidLibrary: Sendable {
    typealias Handle = OpaquePointer

    let newSettings: @convention(c) @Sendable () -> Handle?
    let deleteSettings: @convention(c) @Sendable (Handle?) -> Void
    let setWhole: @convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Int32) -> Int32
    let setNumber: @convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Double) -> Int32
    let newSynth: @convention(c) @Sendable (Handle?) -> Handle?
    let deleteSynth: @convention(c) @Sendable (Handle?) -> Void
    let load: @convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Int32) -> Int32
    let setKind: @convention(c) @Sendable (Handle?, Int32, Int32) -> Int32
    let selectProgram: @convention(c) @Sendable (Handle?, Int32, Int32, Int32, Int32) -> Int32
    let noteOn: @convention(c) @Sendable (Handle?, Int32, Int32, Int32) -> Int32
    let noteOff: @convention(c) @Sendable (Handle?, Int32, Int32) -> Int32
    let silence: @convention(c) @Sendable (Handle?, Int32) -> Int32
    let process: @convention(c) @Sendable (Handle?, Int32, Int32, UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?, Int32, UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?) -> Int32

    /// nil when it is not installed.
    static let shared: FluidLibrary? = FluidLibrary()

    private init?() {
        guard let handle = dlopen("libfluidsynth.so.3", RTLD_NOW | RTLD_LOCAL) ?? dlopen("libfluidsynth.so.2", RTLD_NOW | RTLD_LOCAL) else { return nil }
        func find<T>(_ name: String, as type: T.Type) -> T? { dlsym(handle, name).map { unsafeBitCast($0, to: type) } }
        guard let newSettings = find("new_fluid_settings", as: (@convention(c) @Sendable () -> Handle?).self),
              let deleteSettings = find("delete_fluid_settings", as: (@convention(c) @Sendable (Handle?) -> Void).self),
              let setWhole = find("fluid_settings_setint", as: (@convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Int32) -> Int32).self),
              let setNumber = find("fluid_settings_setnum", as: (@convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Double) -> Int32).self),
              let newSynth = find("new_fluid_synth", as: (@convention(c) @Sendable (Handle?) -> Handle?).self),
              let deleteSynth = find("delete_fluid_synth", as: (@convention(c) @Sendable (Handle?) -> Void).self),
              let load = find("fluid_synth_sfload", as: (@convention(c) @Sendable (Handle?, UnsafePointer<CChar>, Int32) -> Int32).self),
              let setKind = find("fluid_synth_set_channel_type", as: (@convention(c) @Sendable (Handle?, Int32, Int32) -> Int32).self),
              let selectProgram = find("fluid_synth_program_select", as: (@convention(c) @Sendable (Handle?, Int32, Int32, Int32, Int32) -> Int32).self),
              let noteOn = find("fluid_synth_noteon", as: (@convention(c) @Sendable (Handle?, Int32, Int32, Int32) -> Int32).self),
              let noteOff = find("fluid_synth_noteoff", as: (@convention(c) @Sendable (Handle?, Int32, Int32) -> Int32).self),
              let silence = find("fluid_synth_all_sounds_off", as: (@convention(c) @Sendable (Handle?, Int32) -> Int32).self),
              let process = find("fluid_synth_process", as: (@convention(c) @Sendable (
                  Handle?, Int32, Int32, UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?, Int32, UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?) -> Int32).self)
        else { return nil }
        // What it has to say goes nowhere: the screen is not its own. Levels 0 (panic) … 4 (debug).
        if let quiet = find("fluid_set_log_function", as: (@convention(c) @Sendable (Int32, OpaquePointer?, OpaquePointer?) -> OpaquePointer?).self) { for level: Int32 in 0...4 { _ = quiet(level, nil, nil) } }
        (self.newSettings, self.deleteSettings, self.setWhole, self.setNumber) = (newSettings, deleteSettings, setWhole, setNumber)
        (self.newSynth, self.deleteSynth, self.load, self.setKind, self.selectProgram) = (newSynth, deleteSynth, load, setKind, selectProgram)
        (self.noteOn, self.noteOff, self.silence, self.process) = (noteOn, noteOff, silence, process)
        // The first synthesizer of a process fills tables that all share, and a second one does not wait for it (2.3.1): made at the
        // same time on two threads, one plays without some of the standard's modulators. So the first is made here, where everybody waits.
        let settings = newSettings()
        deleteSynth(newSynth(settings))
        deleteSettings(settings)
    }
}
