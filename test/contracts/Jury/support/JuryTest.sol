// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury} from "../../../../contracts/interfaces/IJury.sol";
import {Committed, Contribution} from "../../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {PanelTest} from "../../Panel/support/PanelTest.sol";

/// A market with jurors, and what they do.
abstract contract JuryTest is PanelTest {
    bytes32 internal constant YES = "yes";
    bytes32 internal constant NO = "no";

    IJury internal jury;

    /// What each seat has answered in a round of a task.
    mapping(TaskId id => mapping(uint256 seat => bytes32)) internal answerOf;

    function setUp() public virtual {
        setUpMarket("Jury");
        jury = IJury(address(panel));
    }

    function domainName() internal pure override returns (string memory) {
        return "Hanse Jury";
    }

    function saltOf(TaskId id, uint256 seat) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", id, seat));
    }

    /// A seal of whoever is in `seat`, signed.
    function vote(TaskId id, uint8 round, uint32 seat, bytes32 answer) internal returns (Contribution memory) {
        answerOf[id][seat] = answer;
        bytes32 digest = keccak256(abi.encode(round, id, answer, saltOf(id, seat)));
        return signed(id, round, seat, keccak256(abi.encode(workerOf(seat), digest)));
    }

    /// The first `yes` of `drawn` say yes, the next `no` of them no.
    function commitVotes(
        Deal memory deal,
        uint8 round,
        uint32[] memory drawn,
        uint256 yes,
        uint256 no
    ) internal returns (Committed[] memory) {
        TaskId id = idOf(deal, 0);
        Contribution[] memory all = new Contribution[](yes + no);
        for (uint256 i = 0; i < yes + no; ++i) {
            all[i] = vote(id, round, drawn[i], i < yes ? YES : NO);
        }
        return commit(deal, all);
    }

    /// Of the seals at `from` and later, `count` of them.
    function ballots(
        TaskId id,
        Committed[] memory seals,
        uint256 from,
        uint256 count
    ) internal view returns (Ballot[] memory list) {
        list = new Ballot[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = ballot(id, seals, from + i);
        }
    }

    function ballot(TaskId id, Committed[] memory seals, uint256 position) internal view returns (Ballot memory) {
        uint32 seat = seals[position].by.seatOf();
        return Ballot({position: uint8(position), answer: answerOf[id][seat], salt: saltOf(id, seat)});
    }

    function single(Ballot memory one) internal pure returns (Ballot[] memory list) {
        list = new Ballot[](1);
        list[0] = one;
    }

    function revealAll(Deal memory deal, Committed[] memory seals) internal {
        jury.reveal(deal, 0, seals, ballots(idOf(deal, 0), seals, 0, seals.length));
    }
}
