// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, toCommitter} from "../../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {PanelTest} from "../../Panel/support/PanelTest.sol";

/// A market with workers, and what they do under Poco.
abstract contract PocoTest is PanelTest {
    IPoco internal poco;

    function setUp() public virtual {
        setUpMarket("Poco");
        poco = IPoco(address(panel));
    }

    function domainName() internal pure override returns (string memory) {
        return "Hanse Poco";
    }

    // ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function success() internal pure returns (Result memory) {
        return
            Result({
                outcome: 0,
                content: keccak256("42"),
                memoryHash: keccak256("memory"),
                callbackData: "for the chain"
            });
    }

    function otherResult() internal pure returns (Result memory) {
        return Result({outcome: 0, content: keccak256("43"), memoryHash: keccak256("memory"), callbackData: ""});
    }

    function failure() internal pure returns (Result memory) {
        return Result({outcome: 2, content: 0, memoryHash: 0, callbackData: ""});
    }

    function hashOf(Result memory result) internal pure returns (bytes32) {
        return keccak256(abi.encode(result.outcome, result.content, result.memoryHash, keccak256(result.callbackData)));
    }

    function sealOf(address by, TaskId id, uint8 round, Result memory result) internal pure returns (bytes32) {
        return keccak256(abi.encode(by, keccak256(abi.encode(round, id, hashOf(result)))));
    }

    /// A signed contribution of whoever is in `seat`.
    function contribution(
        TaskId id,
        uint8 round,
        uint32 seat,
        Result memory result
    ) internal view returns (Contribution memory) {
        return signed(id, round, seat, sealOf(workerOf(seat), id, round, result));
    }

    /// What is told of it once it is on the chain.
    function committedBy(
        TaskId id,
        uint8 round,
        uint32 seat,
        Result memory result
    ) internal view returns (Committed memory) {
        address by = workerOf(seat);
        return Committed({by: toCommitter(by, seat, round), seal: sealOf(by, id, round, result)});
    }

    /// Contributions of all these seats to one result.
    function contributions(
        TaskId id,
        uint8 round,
        uint32[] memory drawn,
        Result memory result
    ) internal view returns (Contribution[] memory all) {
        all = new Contribution[](drawn.length);
        for (uint256 i = 0; i < drawn.length; ++i) {
            all[i] = contribution(id, round, drawn[i], result);
        }
    }

    /// All of `drawn` commit to one result.
    function commitAll(
        Deal memory deal,
        uint8 round,
        uint32[] memory drawn,
        Result memory result
    ) internal returns (Committed[] memory) {
        return commit(deal, contributions(idOf(deal, 0), round, drawn, result));
    }

    /// Contributions where the seats at places `from` and later commit to another result.
    function split(
        TaskId id,
        uint8 round,
        uint32[] memory drawn,
        uint256 from
    ) internal view returns (Contribution[] memory all) {
        all = contributions(id, round, drawn, success());
        for (uint256 i = from; i < drawn.length; ++i) {
            all[i] = contribution(id, round, drawn[i], otherResult());
        }
    }
}
