// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../contracts/interfaces/IPoco.sol";
import {IResultReceiver} from "../../../contracts/interfaces/IResultReceiver.sol";
import {ResultCallback} from "../../../contracts/libraries/ResultCallback.sol";
import {Deal} from "../../../contracts/types/Deals.sol";

import {UnitId} from "../../../contracts/types/Ids.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

/// A requester's contract with a temper.
contract Receiver is IResultReceiver {
    enum Temper {
        Kind,
        Reverts,
        BurnsAll,
        ReturnsABomb,
        Reenters
    }

    Temper public temper;
    bytes32 public lastId;
    bytes public lastResult;
    uint256 public gasSeen;
    bytes public reentry;

    function become(Temper temper_, bytes calldata reentry_) external {
        (temper, reentry) = (temper_, reentry_);
    }

    function receiveResult(bytes32 id, bytes calldata result) external {
        gasSeen = gasleft();
        if (temper == Temper.Reverts) revert("no");
        if (temper == Temper.BurnsAll) {
            while (true) {}
        }
        if (temper == Temper.ReturnsABomb) {
            assembly {
                revert(0, 300000)
            }
        }
        (lastId, lastResult) = (id, result);
        if (temper == Temper.Reenters) {
            (bool again, ) = msg.sender.call(reentry);
            require(!again, "settled twice");
        }
    }
}

// The callback
// ├── tells the result after everybody was paid, with the full cap of gas
// ├── of a contract that reverts, burns its gas or answers with megabytes harms nobody
// ├── cannot settle the task again
// ├── cannot be starved by who settles: refused
// └── is not told a failure, and an account without code does not matter
contract CallbackTest is PocoTest {
    Receiver private _receiver;
    Deal private _deal;
    Committed[] private _seals;

    function setUp() public override {
        super.setUp();
        _receiver = new Receiver();
        enrol(0, 4);
        _prepare(address(_receiver), success());
    }

    function test_tellsTheResult() external {
        poco.finalize(_deal, 0, _seals, success());
        equal(_receiver.lastId(), keccak256(abi.encode(_deal.requestId, uint32(0))), "unit");
        equal(keccak256(_receiver.lastResult()), keccak256("for the chain"), "result");
        isTrue(_receiver.gasSeen() > 199_000, "the full cap");
    }

    function test_aRevertIsHarmless() external {
        _settlesWith(Receiver.Temper.Reverts, "");
    }

    function test_burningIsHarmless() external {
        _settlesWith(Receiver.Temper.BurnsAll, "");
    }

    function test_aBombIsHarmless() external {
        _settlesWith(Receiver.Temper.ReturnsABomb, "");
    }

    function test_settlesOnce() external {
        Committed[] memory seals = _seals;
        Deal memory deal = _deal;
        _receiver.become(Receiver.Temper.Reenters, abi.encodeCall(poco.finalize, (deal, 0, seals, success())));
        poco.finalize(deal, 0, seals, success());
        isTrue(_receiver.lastId() != 0, "was told");
    }

    function test_refusesToStarveIt() external {
        Committed[] memory seals = _seals;
        Deal memory deal = _deal;
        bytes memory data = abi.encodeCall(poco.finalize, (deal, 0, seals, success()));
        // From what does not even settle to what is ample: it is told with the full cap, or nothing happens.
        bool told = false;
        for (uint256 gas_ = 150_000; gas_ < 900_000; gas_ += 10_000) {
            (bool done, ) = address(poco).call{gas: gas_}(data);
            if (!done) {
                isTrue(_receiver.gasSeen() == 0, "not told");
                continue;
            }
            isTrue(_receiver.gasSeen() > 199_000, "told with the full cap");
            told = true;
            break;
        }
        isTrue(told, "told in the end");
    }

    function test_namesTheGasThatIsMissing() external {
        (bool done, bytes memory answer) = address(this).call{gas: 202_000}(abi.encodeCall(this.runCallback, ()));
        isTrue(!done, "refused");
        equal(bytes32(bytes4(answer)), bytes32(ResultCallback.ResultCallbackGasTooLow.selector), "why");
    }

    function runCallback() external {
        ResultCallback.run(address(_receiver), UnitId.wrap(0), msg.data);
    }

    function test_anAccountWithoutCodeDoesNotMatter() external {
        _prepare(STRANGER, success());
        poco.finalize(_deal, 0, _seals, success());
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Certified), "status");
    }

    function test_failuresAreNotTold() external {
        _prepare(address(_receiver), failure());
        poco.finalize(_deal, 0, _seals, failure());
        equal(_receiver.lastId(), 0, "not told");
    }

    function _settlesWith(Receiver.Temper temper, bytes memory reentry) private {
        _receiver.become(temper, reentry);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.CallbackRun(idOf(_deal, 0), address(_receiver), false);
        uint256 before = gasleft();
        poco.finalize(_deal, 0, _seals, success());
        isTrue(before - gasleft() < 800_000, "bounded cost");
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Certified), "status");
        equal(freeOf(appOwner), HANSE, "paid");
    }

    function _prepare(address callback, Result memory result) private {
        Wish memory wish = aWish();
        wish.callback = callback;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, drawn, result);
        _deal = deal;
        delete _seals;
        for (uint256 i = 0; i < seals.length; ++i) {
            _seals.push(seals[i]);
        }
    }
}
