// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// How a saved index is opened, for every command that opens one.
package struct OpeningArguments: ParsableArguments {
    @Option(
        help:
            "When a saved index is checked: full (all of it first, the default), lazy (each part before it is read), or none."
    )
    package var verification: SnapshotOptions.Verification?

    @Option(
        help:
            "Where its content is: mapped (in the file, the default), prefaulted (all of it fetched), or loaded (copied)."
    )
    package var residency: SnapshotResidency?

    package init() {}

    /// Whether neither is given.
    package var areDefaults: Bool { verification == nil && residency == nil }

    /// The values given, and the defaults of the others.
    package var options: SnapshotOptions {
        var options = SnapshotOptions()
        if let verification { options.verification = verification }
        if let residency { options.residency = residency }
        return options
    }
}

extension SnapshotOptions.Verification: ExpressibleByArgument {}
extension SnapshotResidency: ExpressibleByArgument {}
