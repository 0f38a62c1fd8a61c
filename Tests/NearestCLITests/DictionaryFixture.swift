// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import NearestCLI

/// A small dictionary in WordNet's file format.
enum DictionaryFixture {
    static func write(to folder: TemporaryFolder) throws {
        let licence = "  1 This is a test's own dictionary in the format of WordNet.  \n"
        try folder.write(licence + nouns.joined(separator: "\n") + "\n", to: "data.noun")
        try folder.write(licence + verbs.joined(separator: "\n") + "\n", to: "data.verb")
        try folder.write(licence + adjectives.joined(separator: "\n") + "\n", to: "data.adj")
        try folder.write(licence + adverbs.joined(separator: "\n") + "\n", to: "data.adv")
    }

    static let nouns = [
        #"00000010 06 n 01 thermometer 0 001 @ 00000020 n 0000 | a tool that tells how hot something is; "read the thermometer before the bath"  "#,
        #"00000020 06 n 02 tool 0 hand_tool 1 000 | a thing held in the hand to do work with; "the carpenter's tools"  "#,
        #"00000030 05 n 01 spider 0 000 | a small animal with eight legs that spins webs  "#,
        #"00000040 13 n 02 bread 0 loaf_of_bread 0 000 | food baked from flour and water; "fresh bread with butter"  "#,
        #"00000050 10 n 01 teacher 0 000 | a person who helps pupils to learn; "the teacher of mathematics"  "#,
        #"00000060 17 n 0a river 0 a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 000 | a large stream of water; "the river reaches the sea"  "#,
    ]
    static let verbs = [
        #"00000010 38 v 02 run 0 sprint 0 001 + 00000020 n 0101 02 + 02 00 + 22 00 | move fast on foot; "she ran to the bus"; "they run every morning"  "#,
        #"00000020 30 v 01 freeze 0 000 01 + 01 00 | turn into ice; "the lake freezes in winter"  "#,
    ]
    static let adjectives = [
        #"00000010 00 a 01 dark 0 001 ! 00000020 a 0101 | without light; "a dark cellar"  "#
    ]
    static let adverbs = [
        #"00000010 02 r 01 quickly 0 000 | with speed; "he spoke quickly"  "#
    ]
}
