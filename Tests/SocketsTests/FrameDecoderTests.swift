import Sockets
import Testing

@Suite(.timeLimit(.minutes(10))) struct FrameDecoderTests {
    @Test(arguments: [1, 2, 3, 7, 100])
    func framesComeOutHoweverTheyAreCut(step: Int) throws {
        let frames: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 9, count: 50)]
        let bytes = frames.flatMap { FrameDecoder.header($0.count) + $0 }
        var decoder = FrameDecoder(maximumBytes: 64)
        var seen: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { decoder.append($0) }
            while let frame = try decoder.next() { seen.append(frame) }
        }
        #expect(seen == frames)
    }

    @Test(arguments: [[0, 0, 0, 65], [255, 255, 255, 255], [128, 0, 0, 0]] as [[UInt8]])
    func lengthAboveTheMaximumIsRefused(header: [UInt8]) {
        var decoder = FrameDecoder(maximumBytes: 64)
        header.withUnsafeBytes { decoder.append($0) }
        #expect(throws: SocketError.self) { try decoder.next() }
    }
}
