/// What happens next, by virtual time; what was scheduled first goes first at the same time. A binary heap.
struct EventQueue {
    struct Event {
        let time: Int
        let order: Int
        let action: () -> Void
    }

    private var heap: [Event] = []
    private var scheduled = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(at time: Int, _ action: @escaping () -> Void) {
        scheduled += 1
        heap.append(Event(time: time, order: scheduled, action: action))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return first }
            if child + 1 < heap.count, precedes(child + 1, child) { child += 1 }
            guard precedes(child, parent) else { return first }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (heap[left], heap[right])
        return first.time == second.time ? first.order < second.order : first.time < second.time
    }
}
