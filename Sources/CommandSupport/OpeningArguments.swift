// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Nearest

/// How a saved index is opened, for every command that asks it.
package struct OpeningArguments: ParsableArguments {
    @Option(
        help:
            "When a saved index is checked: full (all of it first, the default), lazy (what is read, before it is), or none."
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

    /// What is given, and the default of what is not.
    package var options: SnapshotOptions {
        var options = SnapshotOptions()
        if let verification { options.verification = verification }
        if let residency { options.residency = residency }
        return options
    }
}

extension SnapshotOptions.Verification: ExpressibleByArgument {}
extension SnapshotResidency: ExpressibleByArgument {}
