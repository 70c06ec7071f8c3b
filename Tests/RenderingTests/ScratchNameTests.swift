import AudioFiles
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

@Suite struct ScratchNameTests {
    /// The engine registers the name as `FileName` writes it; the ledger must find the file by it after a death. `ü` is FC in ISO 8859-1.
    @Test func scratchInAFolderWhoseNameIsNotUTF8IsRemoved() throws {
        let place = Folder()
        let folder = place.path + "/" + FileName.text([0xFC])
        #expect(folder.withFileName { mkdir($0, 0o700) } == 0)
        let path = folder + "/" + NamedScratch.name(for: RowID())
        close(path.withFileName { open($0, O_CREAT | O_WRONLY, 0o600) })
        #expect(NamedScratch.remove(path) == .absent)
        #expect(path.withFileName { access($0, F_OK) } != 0)
        #expect(folder.withFileName { rmdir($0) } == 0)
    }
}
