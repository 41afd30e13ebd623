import DocumentModel

extension Theme {
    /// The colour of hairlines: muted text, faded into the page. Not transparent, as not every reader draws that.
    var rule: String {
        guard let line = Self.components(muted), let page = Self.components(background) else { return muted }
        func blend(_ line: Double, _ page: Double) -> String {
            let value = Int(((line * 0.3 + page * 0.7) * 255).rounded())
            let digits = String(value, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }
        return blend(line.red, page.red) + blend(line.green, page.green) + blend(line.blue, page.blue)
    }
}
