// SPDX-License-Identifier: Apache-2.0

import HNSW

extension IndexWriter {
    /// Measures recall if that is due.
    mutating func renewCalibration() {
        guard storage.isCalibrationDue else { return }
        let isRenewal = !storage.isCalibrationDue(additional: 0)
        calibrate(asking: state.value.calibrated?.queries, isRenewal: isRenewal, threads: Processors.count)
    }

    /// Measures recall.
    ///
    /// - Parameters:
    ///   - queries: what is asked; nil for stored vectors.
    ///   - isRenewal: whether the index has changed little, so that a quarter of the vectors is asked.
    mutating func calibrate(asking queries: PreparedBatch?, isRenewal: Bool = false, threads: Int) {
        let measurement = RecallMeasurement(storage, graph: graph, threads: threads)
        if let calibrated = measurement.measure(asking: queries, isRenewal: isRenewal) {
            state.replace(state.value.with(calibrated: calibrated), from: graph.nextVersion)
        }
        graph.commit()
    }
}
